import { withRetry, type JudgeFailure, type ReportProgress, type RetryPolicy } from '@pawl/shared/concurrency/retry';
import type { Context } from '../../terminal/context.ts';
import { Unreachable } from './rest-client.ts';

/** Longest wait that a server may ask for, milliseconds. */
const MAX_WAIT_MS = 30_000;

/** While a run is under way: rides out a hiccup, and does not hold up the training. */
export const duringRun: RetryPolicy = { attempts: 3, initialDelayMs: 250, maxDelayMs: 1000 };
/** When there is nothing else to do: rides out a restart of the server, about 10 seconds. */
export const afterRun: RetryPolicy = { attempts: 6, initialDelayMs: 250, maxDelayMs: 5000 };

/**
 * Runs `attempt` until it succeeds, is refused, or has failed `policy.attempts` times in a row without any progress.
 *
 * @param progress grows whenever something was achieved.
 * @throws Unreachable; what trying again does not change; the signal's reason.
 */
export async function retrying<Result>(
  policy: RetryPolicy,
  { signal, sleep }: Pick<Context, 'signal' | 'sleep'>,
  attempt: () => Promise<Result>,
  progress: () => number = () => 0,
): Promise<Result> {
  const once = async (report: ReportProgress): Promise<Result> => {
    const before = progress();
    try {
      return await attempt();
    } catch (error) {
      if (progress() > before) report();
      throw error;
    }
  };
  return await withRetry(policy, { sleep, random: Math.random }, signal, once, pauseAfter);
}

const pauseAfter: JudgeFailure = (error) =>
  error instanceof Unreachable && (error.retryAfterMs === undefined || Math.min(MAX_WAIT_MS, error.retryAfterMs));
