import type { TestCluster } from '../../e2e/support/cluster.ts';
import { keyOf } from './inventory.ts';
import { type Application, argoPath, type HealthStatus, revisionsOf, type SyncStatus } from './argocd.ts';

/** What an Application was at a moment. */
export interface SyncEntry {
  /** Milliseconds since the epoch, when it was seen. */
  readonly at: number;
  readonly name: string;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  /** Commits that it was compared with. */
  readonly revisions: readonly string[];
  /** Phase of its last operation, and when that began and ended, as Argo CD wrote it. */
  readonly phase: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Objects that differ from Git. */
  readonly different: readonly string[];
}

/** Follows every Application by a watch: a field that is fought over shows as OutOfSync for a moment that a poll misses. */
export class SyncHistory {
  readonly #stop = new AbortController();
  readonly #last = new Map<string, string>();
  readonly entries: SyncEntry[] = [];

  constructor(cluster: TestCluster) {
    void this.#follow(cluster);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Moments since `since` at which one of these Applications was not Synced, in words. */
  unsynced(names: readonly string[], since: number): string[] {
    return this.entries
      .filter(({ at, name, sync }) => at >= since && names.includes(name) && sync !== 'Synced')
      .map(line);
  }

  /** First moment at which an Application was compared with a commit and, with `synced`, matched it. */
  firstAt(name: string, commit: string, synced: boolean): number | undefined {
    return this.entries.find(
      (entry) => entry.name === name && entry.revisions.includes(commit) && (!synced || entry.sync === 'Synced'),
    )?.at;
  }

  /** Lines for people. */
  lines(since = 0): string[] {
    return this.entries.filter(({ at }) => at >= since).map(line);
  }

  async #follow(cluster: TestCluster): Promise<void> {
    const { signal } = this.#stop;
    const path = argoPath('applications');
    while (!signal.aborted) {
      try {
        const list = await cluster.get<{ metadata: { resourceVersion: string }; items: Application[] }>(path);
        for (const item of list.items) this.#saw(item);
        for await (const { type, object } of cluster.watch(path, list.metadata.resourceVersion, signal)) {
          if (type === 'ERROR') break;
          if (type === 'ADDED' || type === 'MODIFIED') this.#saw(object as unknown as Application);
        }
      } catch {
        // No API server for the moment, or the end of the test.
      }
      // Before it watches again; decides nothing.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #saw(application: Application): void {
    const { name } = application.metadata;
    const { sync, health, operationState, resources = [] } = application.status ?? {};
    if (sync === undefined) return;
    const entry = {
      name,
      sync: sync.status,
      health: health?.status ?? 'Unknown',
      revisions: revisionsOf(application),
      phase: operationState?.phase ?? '',
      startedAt: operationState?.startedAt ?? '',
      finishedAt: operationState?.finishedAt ?? '',
      different: resources.filter(({ status }) => status === 'OutOfSync').map(keyOf),
    } as const;
    const key = JSON.stringify(entry);
    if (this.#last.get(name) === key) return;
    this.#last.set(name, key);
    this.entries.push({ at: Date.now(), ...entry });
  }
}

const line = ({ at, name, sync, health, revisions, phase, different }: SyncEntry) =>
  `${new Date(at).toISOString().slice(11, 23)} ${name} ${sync} to ${[...new Set(revisions.map((one) => one.slice(0, 7)))].join('+')} ${health}, operation ${phase}${different.length === 0 ? '' : `; different: ${different.join(', ')}`}`;
