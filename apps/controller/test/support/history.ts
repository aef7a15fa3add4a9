import { annotations, CANARY, labels } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { transitionViolations, violations } from '@pawl/test-kit/invariants';
import type { Pod } from '@pawl/shared/kubernetes/objects';
import type { Informer } from '../../src/runtime/informer.ts';

/** A state of a version, in short: phase, reason of `Progressing`, and the step where there is one. */
export function stateOf({ status }: ModelVersion): string {
  if (status === undefined) return '';
  const reason = status.conditions.find(({ type }) => type === 'Progressing')?.reason;
  const step = status.rollout?.step ?? 0;
  return [status.phase, ...(reason === status.phase ? [] : [reason]), ...(step === 0 ? [] : [step])].join(' ');
}

/**
 * Everything that was observed of a namespace, and what was wrong with it: the invariants of every status, and
 * that no canary pod gets requests before its version was accepted.
 */
export class History {
  readonly broken: string[] = [];
  /** States of each version in order, each once in a row. */
  readonly #states = new Map<string, string[]>();
  /** Digests that were accepted, and digests that canary pods in service have served. */
  readonly #accepted = new Set<string>();
  readonly #canariesInService = new Set<string>();
  readonly #pods: Informer<Pod>;
  #fewest = Infinity;
  #counts = false;

  constructor(versions: Informer<ModelVersion>, pods: Informer<Pod>) {
    this.#pods = pods;
    versions.onChange((now, before) => {
      if (now === undefined) return;
      this.broken.push(...violations(now), ...(before === undefined ? [] : transitionViolations(before, now)));
      this.#observe(now);
    });
    pods.onChange((now) => {
      const digest = now?.metadata.annotations?.[annotations.digest];
      const { [labels.track]: track, [labels.inService]: inService } = now?.metadata.labels ?? {};
      if (track === CANARY && inService === 'true' && digest !== undefined) this.#canariesInService.add(digest);
      if (this.#counts) this.#fewest = Math.min(this.#fewest, this.#answering());
    });
  }

  /** What a version went through. */
  of(name: string): readonly string[] {
    return this.#states.get(name) ?? [];
  }

  /** From now on, remembers the fewest ready pods in service. */
  countPods(): void {
    this.#counts = true;
    this.#fewest = this.#answering();
  }

  get fewestPods(): number {
    return this.#fewest;
  }

  /** Whether canary pods with these weights ever got requests. */
  wasCanaryInService(digest: string): boolean {
    return this.#canariesInService.has(digest);
  }

  /** Digests whose canary got requests though they were not accepted. */
  get unaccepted(): readonly string[] {
    return [...this.#canariesInService].filter((digest) => !this.#accepted.has(digest));
  }

  #answering(): number {
    return this.#pods
      .list()
      .filter(
        ({ metadata, status }) =>
          metadata.deletionTimestamp === undefined &&
          metadata.labels?.[labels.inService] === 'true' &&
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      ).length;
  }

  #observe(version: ModelVersion): void {
    const { name } = version.metadata;
    const states = this.#states.get(name) ?? [];
    this.#states.set(name, states);
    const state = stateOf(version);
    if (state !== '' && states.at(-1) !== state) states.push(state);
    const accepted = version.status?.conditions.find(({ type }) => type === 'Accepted')?.status === 'True';
    if (accepted) this.#accepted.add(version.spec.artifact.digest);
  }
}
