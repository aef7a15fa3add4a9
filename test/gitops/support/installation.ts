import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCluster, type KubeObject, pathOf } from '../../e2e/support/cluster.ts';
import { TestEnvironment, MODEL } from '../../e2e/support/environment.ts';
import { type Load, startLoad } from '../../e2e/support/load.ts';
import { settings } from '../../e2e/support/settings.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import { ARGOCD, ArgoCd, argoPath } from './argocd.ts';
import { Clone } from './git.ts';
import { GitServer } from './git-server.ts';
import { Inventories } from './inventory.ts';
import { gitopsSettings, type GitopsSettings } from './settings.ts';
import { names } from './names.ts';
import { makeRepository, makeRepositoryOf } from './source.ts';
import { SyncHistory } from './sync-history.ts';

/** Requests a second to each environment, all along. */
const RATE = 6;
export const ENVIRONMENTS = ['staging', 'prod'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

const REPOSITORY = 'pawl.git';
/** ConfigMaps of Argo CD that the bootstrap adds settings to. */
const ARGOCD_SETTINGS = ['argocd-cm', 'argocd-notifications-cm'];
/** One environment: a namespace that Argo CD keeps, and who uses it. */
export class SyncedEnvironment {
  readonly name: EnvironmentName;
  readonly namespace: string;
  readonly env: TestEnvironment;
  /** Application of the service, of the versions, and of the acceptance images. */
  readonly service: string;
  readonly versions: string;
  readonly images: string;
  /** Sends since the first version serves; undefined before. */
  load: Load | undefined;

  constructor(cluster: TestCluster, name: EnvironmentName, namespace: string) {
    this.name = name;
    this.namespace = namespace;
    this.env = TestEnvironment.attach(cluster, namespace, `${MODEL}-pawl`);
    this.service = names.service(name);
    this.versions = names.versions(name);
    this.images = names.images(name);
  }
}

/** Everything that the steps share: Git, Argo CD, the cluster, two environments. */
export class Installation {
  readonly settings: GitopsSettings;
  readonly cluster: TestCluster;
  readonly git: GitServer;
  /** Address of the repository, as Argo CD names it. */
  readonly repository: string;
  /** Of the person who releases, promotes and rolls back. */
  readonly clone: Clone;
  readonly argo: ArgoCd;
  readonly syncs: SyncHistory;
  readonly inventories: Inventories;
  readonly environments: Readonly<Record<EnvironmentName, SyncedEnvironment>>;
  /** Version of each digest that was published. */
  readonly published = new Map<string, string>();
  readonly #scratch: string;
  readonly #argocdBefore: ReadonlyMap<string, unknown>;

  private constructor(parts: {
    settings: GitopsSettings;
    cluster: TestCluster;
    git: GitServer;
    clone: Clone;
    scratch: string;
    argocdBefore: ReadonlyMap<string, unknown>;
    id: string;
  }) {
    const { cluster, git } = parts;
    this.settings = parts.settings;
    this.cluster = cluster;
    this.git = git;
    this.clone = parts.clone;
    this.repository = git.address(REPOSITORY);
    this.argo = new ArgoCd(cluster, this.repository, parts.settings.argocdApi);
    this.syncs = new SyncHistory(cluster);
    this.inventories = new Inventories(cluster);
    this.environments = {
      staging: new SyncedEnvironment(cluster, 'staging', `pawl-${parts.id}-staging`),
      prod: new SyncedEnvironment(cluster, 'prod', `pawl-${parts.id}-prod`),
    };
    this.#scratch = parts.scratch;
    this.#argocdBefore = parts.argocdBefore;
  }

  /** A Git server with this checkout in it, a clone, and a cluster in which nothing of Pawl's GitOps is yet. */
  static async create(): Promise<Installation> {
    const scratch = mkdtempSync(join(tmpdir(), 'pawl-gitops-'));
    const own = gitopsSettings();
    const served = join(scratch, 'served');
    mkdirSync(served);
    await makeRepository(join(served, REPOSITORY), scratch);
    const git = new GitServer(served, own.gitHost);
    await git.start();
    const cluster = new TestCluster();
    try {
      await refuseWhatIsThere(cluster);
      const argocdBefore = new Map<string, unknown>();
      for (const name of ARGOCD_SETTINGS)
        argocdBefore.set(name, (await cluster.find(pathOf.core(ARGOCD, 'configmaps', name)))?.['data']);
      const clone = await Clone.make(git.address(REPOSITORY, '127.0.0.1'), join(scratch, 'clone'), 'Pawl', {
        REGISTRY_PLAIN_HTTP: 'true',
      });
      const id = `gitops-${randomBytes(3).toString('hex')}`;
      return new Installation({ settings: own, cluster, git, clone, scratch, argocdBefore, id });
    } catch (error) {
      await cluster.close();
      await git.stop();
      rmSync(scratch, { recursive: true });
      throw error;
    }
  }

  /** Another person's clone of the repository as it is now. */
  async cloneFor(person: string): Promise<Clone> {
    return await Clone.make(
      this.git.address(REPOSITORY, '127.0.0.1'),
      join(this.#scratch, person.toLowerCase()),
      person,
      { REGISTRY_PLAIN_HTTP: 'true' },
    );
  }

  /** Another repository, of somebody else, that the same server has. @returns its address, and its only branch. */
  async elsewhere(files: Readonly<Record<string, string>>): Promise<{ repository: string; branch: string }> {
    const [name, branch] = ['elsewhere.git', 'main'];
    await makeRepositoryOf(files, join(this.#scratch, 'served', name), join(this.#scratch, 'elsewhere'));
    return { repository: this.git.address(name), branch };
  }

  /** Names of the Applications that the bootstrap makes. */
  get applicationNames(): readonly string[] {
    return [
      names.root,
      ...ENVIRONMENTS.map((name) => this.environments[name]).flatMap(({ service, versions, images }) => [
        service,
        versions,
        images,
      ]),
    ];
  }

  /** Starts what uses an environment; it does not end before the run does. */
  async use(environment: SyncedEnvironment): Promise<void> {
    environment.load ??= await startLoad(this.cluster, environment.namespace, {
      target: await environment.env.serviceAddress(),
      rate: RATE,
    });
  }

  /** Takes down all that was made, also by Argo CD, and puts back how Argo CD was set. Nothing of it stays open if that fails. */
  async destroy(): Promise<void> {
    this.syncs.stop();
    for (const name of ENVIRONMENTS) this.environments[name].env.history.stop();
    try {
      if (process.env['PAWL_E2E_KEEP'] !== '1') await this.#clean();
    } finally {
      await this.cluster.close();
      await this.git.stop();
      rmSync(this.#scratch, { recursive: true, force: true });
    }
  }

  async #clean(): Promise<void> {
    const { cluster } = this;
    // The root first, for it would bring the others back, then what makes Applications, then these.
    await cluster.delete(argoPath('applications', names.root));
    for (const { metadata } of await this.argo.applicationSets())
      await cluster.delete(argoPath('applicationsets', metadata.name));
    for (const { metadata } of await this.argo.applications())
      await cluster.delete(argoPath('applications', metadata.name));
    for (const name of names.projects) await cluster.delete(argoPath('appprojects', name));
    for (const name of ENVIRONMENTS) await cluster.delete(`/api/v1/namespaces/${this.environments[name].namespace}`);
    for (const [name, data] of this.#argocdBefore) {
      const path = pathOf.core(ARGOCD, 'configmaps', name);
      const now = await cluster.find<KubeObject & { data?: Record<string, string> }>(path);
      if (now === undefined) continue;
      const added = Object.keys(now.data ?? {}).filter((key) => !(key in ((data as object | undefined) ?? {})));
      await cluster.patch(path, { data: { ...Object.fromEntries(added.map((key) => [key, null])), ...(data ?? {}) } });
    }
    await waitFor('the namespaces to be gone', async () => {
      const left = await Promise.all(
        ENVIRONMENTS.map((name) => cluster.find(`/api/v1/namespaces/${this.environments[name].namespace}`)),
      );
      return left.every((one) => one === undefined) ? true : undefined;
    });
  }
}

/** @throws Error when the names that the bootstrap takes are taken: what is there may be somebody's. */
async function refuseWhatIsThere(cluster: TestCluster): Promise<void> {
  settings();
  const projects: readonly string[] = names.projects;
  const ours = ENVIRONMENTS.flatMap((one) => [names.service(one), names.versions(one), names.images(one)]);
  const applications = [names.root, ...ours];
  const found = [
    ...(await cluster.list(argoPath('applications'))).filter(({ metadata }) => applications.includes(metadata.name)),
    ...(await cluster.list(argoPath('appprojects'))).filter(({ metadata }) => projects.includes(metadata.name)),
  ].map(({ metadata }) => metadata.name);
  if (found.length > 0)
    throw new Error(
      `Argo CD has ${found.join(', ')} already, which this run would take over: it needs an Argo CD without Pawl. ` +
        'If an earlier run that was cut off left them behind, delete them by name.',
    );
}
