import type { ModelVersion, Phase } from '@pawl/shared/modelversion/model-version';
import { type TestCluster, pathOf } from './cluster.ts';
import { transitionViolations, violations } from '@pawl/test-kit/invariants';

/** One status that a ModelVersion had. */
export interface Entry {
  /** Milliseconds since the epoch, when it was seen. */
  readonly at: number;
  readonly name: string;
  readonly phase: Phase;
  readonly weight: number;
  readonly step: number;
  readonly reason: string;
  readonly message: string;
}

/**
 * Follows every status of every ModelVersion of a namespace by a watch, remembers its way, and holds each against the
 * rules. What happens while there is no API server is not seen; what is written again afterwards is.
 */
export class History {
  readonly #stop = new AbortController();
  readonly #last = new Map<string, ModelVersion>();
  readonly entries: Entry[] = [];
  /** Rules that were broken at some moment. */
  readonly broken = new Set<string>();

  constructor(cluster: TestCluster, namespace: string) {
    void this.#follow(cluster, pathOf.modelVersions(namespace));
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Phases of a version in the order in which it had them, without repetition, since a moment. */
  phasesOf(name: string, since = 0): Phase[] {
    const all = this.entries.filter((entry) => entry.name === name && entry.at >= since).map(({ phase }) => phase);
    return all.filter((phase, i) => phase !== all[i - 1]);
  }

  /** Whether a version had a reason (of Progressing) since a moment. */
  had(name: string, reason: string, since: number): boolean {
    return this.entries.some((entry) => entry.name === name && entry.reason === reason && entry.at >= since);
  }

  /** Lines for people. */
  lines(since = 0): string[] {
    return this.entries
      .filter(({ at }) => at >= since)
      .map(
        ({ at, name, phase, weight, step, reason, message }) =>
          `${new Date(at).toISOString().slice(11, 23)} ${name} ${phase} ${weight} % step ${step} ${reason}: ${message}`,
      );
  }

  async #follow(cluster: TestCluster, path: string): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const list = await cluster.get<{ metadata: { resourceVersion: string }; items: ModelVersion[] }>(path);
        for (const item of list.items) this.#saw(item);
        for await (const { type, object } of cluster.watch(path, list.metadata.resourceVersion, signal)) {
          if (type === 'ERROR') break;
          if (type === 'ADDED' || type === 'MODIFIED') this.#saw(object as unknown as ModelVersion);
        }
      } catch {
        // No API server for the moment, or the end of the test.
      }
      // Before it watches again; decides nothing.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #saw(version: ModelVersion): void {
    const { uid, name } = version.metadata;
    const before = this.#last.get(uid);
    if (before?.metadata.resourceVersion === version.metadata.resourceVersion) return;
    this.#last.set(uid, version);
    const { status } = version;
    for (const rule of violations(version)) this.broken.add(rule);
    if (before !== undefined) for (const rule of transitionViolations(before, version)) this.broken.add(rule);
    if (status === undefined) return;
    const reason = status.conditions.find(({ type }) => type === 'Progressing')?.reason ?? '';
    const { phase, weight, message } = status;
    this.entries.push({ at: Date.now(), name, phase, weight, step: status.rollout?.step ?? 0, reason, message });
  }
}
