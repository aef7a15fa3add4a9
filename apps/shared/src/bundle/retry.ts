import { PawlError } from '../errors/pawl-error.ts';

/** When and how often a transient failure is tried again. */
export interface RetryPolicy {
  /** Failures in a row, without any progress, after which the last one is thrown; at least 1. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubles with each failure in a row. */
  readonly initialDelayMs: number;
  /** Milliseconds; upper bound of one pause. */
  readonly maxDelayMs: number;
}

/** Rides out about ten seconds of an unreachable store. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 6, initialDelayMs: 250, maxDelayMs: 5000 };

/** Time and chance, so that tests need neither. */
export interface RetryClock {
  /** Resolves after so many milliseconds; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 <= x < 1. */
  random(): number;
}

/** The real ones. */
export const systemRetryClock: RetryClock = { sleep, random: Math.random };

/**
 * Pure: the pause after so many failures in a row (at least 1), in milliseconds. Half of the doubled delay is fixed,
 * the other half is chance, so that many pods that lost the same store do not come back as one.
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Says that an attempt got somewhere, so that its failure counts as the first in a row. */
export type ReportProgress = () => void;

/**
 * Runs `attempt` until it succeeds, fails permanently, or has failed `policy.attempts` times in a row without progress.
 * What is transient is the error's own word ({@link PawlError.transient}).
 */
export async function withRetry<Result>(
  policy: RetryPolicy,
  clock: RetryClock,
  signal: AbortSignal,
  attempt: (progress: ReportProgress) => Promise<Result>,
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
      if (!(error instanceof PawlError) || !error.transient || failures >= policy.attempts) throw error;
      await clock.sleep(retryDelayMs(policy, failures, clock.random()), signal);
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
