import { systemClock } from '../../concurrency/clock.ts';
import { startDeadline } from '../../concurrency/deadline.ts';
import {
  defaultRetryPolicy,
  systemRetryClock,
  withRetry,
  type RetryClock,
  type RetryPolicy,
} from '../../concurrency/retry.ts';
import { PawlError } from '../../errors/pawl-error.ts';

/** How a store is called. */
export interface CallOptions {
  /** Milliseconds for each call to the store, an upload of a file included; default 10 minutes. */
  readonly callTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default {@link defaultRetryPolicy}. */
  readonly retry?: RetryPolicy | undefined;
  readonly clock?: RetryClock | undefined;
}

/** Runs one call to a store. */
export type Call = <Result>(work: (signal: AbortSignal) => Promise<Result>) => Promise<Result>;

export const DEFAULT_CALL_TIMEOUT_MS = 10 * 60_000;

/** Every call to a store gets its time limit and its further attempts. */
export function callStore(options: CallOptions): Call {
  const outer = options.signal ?? new AbortController().signal;
  const timeoutMs = options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  return async (work) =>
    await withRetry(options.retry ?? defaultRetryPolicy, options.clock ?? systemRetryClock, outer, async () => {
      const deadline = startDeadline(systemClock, timeoutMs, outer);
      try {
        return await work(deadline.signal);
      } catch (error) {
        if (!deadline.expired || outer.aborted) throw error;
        throw new PawlError('BUNDLE_STORE_UNREACHABLE', { message: `the store did not answer within ${timeoutMs} ms` });
      } finally {
        deadline.done();
      }
    });
}
