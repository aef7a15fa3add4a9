import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { RandomStream } from '@pawl/shared/statistics/random';
import { advance, begin, isMarkDue, type Progress } from '../analysis/comparison.ts';
import { latencyEdges, type ProcessCounters } from '../analysis/counters.ts';
import { edgeOf } from '../analysis/evidence.ts';
import { judge } from '../analysis/judge.ts';

/** What a track does with a request, each independent of all others. */
export interface Behaviour {
  /** Share of requests that fail. */
  readonly errors: number;
  /** Share that take longer than half a second; the others take less than 25 ms. */
  readonly slow: number;
  /** Share of pictures that are answered "cat"; the others are dogs. */
  readonly cats: number;
}

/** What is simulated. */
export interface Rollout {
  readonly canary: Behaviour;
  readonly stable: Behaviour;
  /** Requests between two looks, of both tracks together. */
  readonly requestsPerLook: number;
  /** Share of the requests that the canary gets. */
  readonly weight: number;
  readonly steps: number;
  readonly looksPerStep: number;
  readonly secondsPerLook: number;
}

/** Index of the first edge that is not below half a second. */
const SLOW = latencyEdges.findIndex((edge) => edge > 0.5);
const FAST = latencyEdges.findIndex((edge) => edge >= 0.025);

/** A process that answers simulated requests. */
class Process {
  #requests = 0;
  #errors = 0;
  #slow = 0;
  #cats = 0;
  readonly #random: RandomStream;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  answer({ errors, slow, cats }: Behaviour): void {
    this.#requests++;
    if (this.#random.next() < errors) this.#errors++;
    if (this.#random.next() < slow) this.#slow++;
    if (this.#random.next() < cats) this.#cats++;
  }

  get counters(): ProcessCounters {
    const quick = this.#requests - this.#slow;
    const upTo = (edge: number) => (edge >= SLOW ? this.#requests : edge >= FAST ? quick : 0);
    return {
      startedAt: 1,
      requests: this.#requests,
      errors: this.#errors,
      latency: Array.from({ length: latencyEdges.length + 1 }, (_, edge) => upTo(edge)),
      labels: { cat: this.#cats, dog: this.#requests - this.#cats },
    };
  }
}

/** How a rollout ended. */
export interface Ending {
  readonly failed: 'ErrorRate' | 'Latency' | 'Predictions' | undefined;
  /** Requests that the canary had answered by then. */
  readonly canaryRequests: number;
}

/** A judge of what both tracks counted in a step. */
export type Judge = (progress: Progress) => Ending['failed'];

/** Pawl's judge under a policy. */
export const judgeBy =
  (limits: RolloutPolicy['analysis']): Judge =>
  (progress) =>
    judge(progress, limits).checks.find(({ verdict }) => verdict === 'Fail')?.name;

/** Runs a rollout, look by look, until a check fails or its steps are over. */
export function simulate(
  rollout: Rollout,
  limits: RolloutPolicy['analysis'],
  judge: Judge,
  random: RandomStream,
): Ending {
  const [canary, stable] = [new Process(random), new Process(random)];
  const read = () => ({ stable: { s: stable.counters }, canary: { c: canary.counters }, isComplete: true });
  // What the stable pods did before tells what is slow.
  for (let request = 0; request < 100; request++) stable.answer(rollout.stable);
  let now = 2_000_000;
  for (let step = 1; step <= rollout.steps; step++) {
    const edge = edgeOf([stable.counters], limits);
    let comparison = begin(read(), { step, template: '', at: now, number: step, edge });
    for (let look = 0; look < rollout.looksPerStep; look++) {
      now += rollout.secondsPerLook * 1000;
      for (let request = 0; request < rollout.requestsPerLook; request++) {
        const isCanary = random.next() < rollout.weight;
        (isCanary ? canary : stable).answer(isCanary ? rollout.canary : rollout.stable);
      }
      const progress = advance(comparison, read(), now);
      const failed = judge(progress);
      if (failed !== undefined) return { failed, canaryRequests: canary.counters.requests };
      if (isMarkDue(progress, limits.burstSeconds)) comparison = progress.comparison;
    }
  }
  return { failed: undefined, canaryRequests: canary.counters.requests };
}
