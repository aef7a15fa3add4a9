import type { TestCluster, KubeObject } from '../../e2e/support/cluster.ts';
import { waitFor } from '../../e2e/support/wait.ts';

/** Where Argo CD and its objects are. */
export const ARGOCD = 'argocd';
const GROUP = '/apis/argoproj.io/v1alpha1';
/** Longest that Argo CD's API may take for one answer, milliseconds. */
const API_TIMEOUT_MS = 10_000;

export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown';
export type HealthStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';

interface Source {
  readonly repoURL: string;
}

/** An object that an Application manages. */
export interface ManagedObject {
  readonly group?: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly status?: SyncStatus;
}

/** An Application of Argo CD, as far as these tests read it. */
export interface Application extends KubeObject {
  readonly spec: {
    readonly source?: Source;
    readonly sources?: readonly Source[];
    readonly destination?: { readonly namespace?: string };
  };
  readonly status?: {
    readonly sync?: {
      readonly status: SyncStatus;
      readonly revision?: string;
      readonly revisions?: readonly string[];
    };
    readonly health?: { readonly status: HealthStatus; readonly message?: string };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly operationState?: {
      readonly phase: string;
      readonly message?: string;
      readonly startedAt: string;
      readonly finishedAt?: string;
      readonly syncResult?: unknown;
    };
    readonly resources?: readonly ManagedObject[];
  };
}

/** Path of Applications, ApplicationSets or AppProjects below the API server. */
export const argoPath = (plural: 'applications' | 'applicationsets' | 'appprojects', name = '') =>
  `${GROUP}/namespaces/${ARGOCD}/${plural}${name && `/${name}`}`;

/** Commits that an Application was last compared with; one for each source. */
export function revisionsOf({ status }: Application): readonly string[] {
  const { revision, revisions } = status?.sync ?? {};
  return revisions ?? (revision === undefined ? [] : [revision]);
}

/** Whether an Application has seen a commit and matches it. Its operation may go on: the smoke test follows the objects. */
export function isSyncedTo(application: Application, commit: string): boolean {
  const revisions = revisionsOf(application);
  return (
    application.status?.sync?.status === 'Synced' &&
    revisions.length > 0 &&
    revisions.every((revision) => revision === commit)
  );
}

/** One line about an Application, for people. */
export function sentence(application: Application): string {
  const { sync, health, conditions = [], operationState } = application.status ?? {};
  const revisions = revisionsOf(application).map((revision) => revision.slice(0, 7));
  return [
    `${application.metadata.name}: ${sync?.status ?? '?'} to ${[...new Set(revisions)].join('+') || '?'}`,
    health?.status ?? '?',
    `operation ${operationState?.phase ?? 'none'} (${operationState?.message ?? ''})`,
    ...conditions.map(({ type, message }) => `${type}: ${message}`),
  ].join('; ');
}

/** Argo CD, by its objects in the API server: those that draw on one repository. */
export class ArgoCd {
  readonly #cluster: TestCluster;
  readonly #repository: string;
  readonly #api: string | undefined;

  /** @param repository address as Applications name it. @param api address of Argo CD's own API, without login. */
  constructor(cluster: TestCluster, repository: string, api: string | undefined) {
    this.#cluster = cluster;
    this.#repository = repository;
    this.#api = api;
  }

  /** The Applications of the repository, by name. */
  async applications(): Promise<readonly Application[]> {
    const all = await this.#cluster.list<Application>(argoPath('applications'));
    return all
      .filter(({ spec }) => [spec.source, ...(spec.sources ?? [])].some((one) => one?.repoURL === this.#repository))
      .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  async application(name: string): Promise<Application> {
    return await this.#cluster.get<Application>(argoPath('applications', name));
  }

  /** The ApplicationSets of the repository. */
  async applicationSets(): Promise<readonly KubeObject[]> {
    const all = await this.#cluster.list(argoPath('applicationsets'));
    return all.filter((set) => JSON.stringify(set['spec']).includes(this.#repository));
  }

  /** Has Argo CD look at Git now, as its webhook would: the poll of minutes is no part of what is measured. */
  async refresh(): Promise<void> {
    const now = (annotation: string, value: string) => ({ metadata: { annotations: { [annotation]: value } } });
    await Promise.all([
      ...(await this.applicationSets()).map(({ metadata }) =>
        this.#cluster.patch(
          argoPath('applicationsets', metadata.name),
          now('argocd.argoproj.io/application-set-refresh', 'true'),
        ),
      ),
      ...(await this.applications()).map(({ metadata }) =>
        this.#cluster.patch(argoPath('applications', metadata.name), now('argocd.argoproj.io/refresh', 'normal')),
      ),
    ]);
  }

  /** Waits until all these Applications are there and synced to a commit. @returns them. */
  async syncedTo(commit: string, names: readonly string[], timeoutMs: number): Promise<readonly Application[]> {
    let last: readonly Application[] = [];
    try {
      return await waitFor(
        `${names.join(', ')} to be synced to ${commit.slice(0, 7)}`,
        async () => {
          const all = await this.applications();
          last = all.filter(({ metadata }) => names.includes(metadata.name));
          const done = last.length === names.length && last.every((one) => isSyncedTo(one, commit));
          return done ? last : undefined;
        },
        { timeoutMs },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}:\n${last.map(sentence).join('\n')}`, { cause: error });
    }
  }

  /** Waits for the health of each of these Applications to be one of those named. */
  async healthOf(expected: Readonly<Record<string, readonly HealthStatus[]>>): Promise<void> {
    let last: readonly Application[] = [];
    try {
      await waitFor(`health ${JSON.stringify(expected)}`, async () => {
        last = await this.applications();
        const wrong = Object.entries(expected).filter(([name, allowed]) => {
          const health = last.find(({ metadata }) => metadata.name === name)?.status?.health?.status;
          return health === undefined || !allowed.includes(health);
        });
        return wrong.length === 0 ? true : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}:\n${last.map(sentence).join('\n')}`, { cause: error });
    }
  }

  /** Waits until these Applications have no operation under way. */
  async idle(names: readonly string[]): Promise<void> {
    let busy: readonly Application[] = [];
    try {
      await waitFor('operations to end', async () => {
        busy = (await this.applications()).filter(
          ({ metadata, status, operation }) =>
            names.includes(metadata.name) && (operation !== undefined || status?.operationState?.phase === 'Running'),
        );
        return busy.length === 0 ? true : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}:\n${busy.map(sentence).join('\n')}`, { cause: error });
    }
  }

  /**
   * What Argo CD says of one object: health and message, as its page shows them. They are in its own API alone, since
   * Argo CD 3 keeps them out of Applications. @returns undefined where that API is not given.
   */
  async healthOfObject(
    application: string,
    kind: string,
    name: string,
  ): Promise<{ readonly status: HealthStatus; readonly message?: string } | undefined> {
    if (this.#api === undefined) return undefined;
    const url = `${this.#api}/api/v1/applications/${application}/resource-tree?appNamespace=${ARGOCD}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(API_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`GET ${url}: ${response.status} ${(await response.text()).slice(0, 300)}`);
    const { nodes = [] } = (await response.json()) as {
      nodes?: { kind: string; name: string; health?: { status: HealthStatus; message?: string } }[];
    };
    return nodes.find((node) => node.kind === kind && node.name === name)?.health;
  }
}
