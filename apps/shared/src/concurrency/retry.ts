import { PawlError } from '../errors/pawl-error.ts';
import { backoffMs, jittered, type Backoff, type Random } from './backoff.ts';
import { sleep, systemClock, type Clock } from './clock.ts';

/** When and how often a transient failure is tried again. */
export interface RetryPolicy extends Backoff {
  /** Failures in a row, without any progress, after which the last one is thrown; at least 1. */
  readonly attempts: number;
}

/** Rides out about ten seconds of an unreachable store. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 6, initialDelayMs: 250, maxDelayMs: 5000 };

/** Time and chance, so that tests need neither. */
export interface RetryClock {
  /** Resolves after so many milliseconds; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly random: Random;
}

/** What retries need of a clock. */
export const retryClock = (clock: Clock, random: Random = Math.random): RetryClock => ({
  sleep: async (ms, signal) => {
    if (!(await sleep(clock, ms, signal))) throw signal.reason;
  },
  random,
});

/** The machine's clock. */
export const systemRetryClock = retryClock(systemClock);

/**
 * The pause after so many failures in a row (at least 1), in milliseconds. Half of the doubled delay is fixed, the other
 * half is chance, so that many pods that lost the same store do not come back as one.
 */
export const retryDelayMs = (policy: Backoff, failures: number, random: Random): number =>
  Math.round(jittered(backoffMs(policy, failures) / 2, 1, random));

/** Says that an attempt got somewhere, so that its failure counts as the first in a row. */
export type ReportProgress = () => void;

/** Whether another attempt may help; a number: after so many milliseconds, instead of the policy's pause. */
export type JudgeFailure = (error: unknown) => boolean | number;

/** What is transient is the error's own word ({@link PawlError.transient}). */
const isTransient: JudgeFailure = (error) => error instanceof PawlError && error.transient;

/**
 * Runs `attempt` until it succeeds, fails for good, or has failed `policy.attempts` times in a row without progress.
 *
 * @param mayHelp by default {@link PawlError.transient}; other errors are thrown at once.
 * @throws the last failure; the reason of `signal`.
 */
export async function withRetry<Result>(
  policy: RetryPolicy,
  clock: RetryClock,
  signal: AbortSignal,
  attempt: (progress: ReportProgress) => Promise<Result>,
  mayHelp: JudgeFailure = isTransient,
): Promise<Result> {
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      const again = mayHelp(error);
      if (again === false || failures >= policy.attempts) throw error;
      await clock.sleep(again === true ? retryDelayMs(policy, failures, clock.random) : again, signal);
    }
  }
}
