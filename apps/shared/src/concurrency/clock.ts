import { setTimeout as startTimer } from 'node:timers';

/** Time as a program sees it, so that tests decide it. All values are milliseconds. */
export interface Clock {
  /** Wall clock, since 1970. Only for what people or other machines read. */
  now(): number;
  /** Since an arbitrary start; never goes back. For every duration. */
  monotonic(): number;
  /**
   * Runs `callback` once, `ms` (at most {@link LONGEST_TIMER_MS}) from now.
   * @returns what cancels it.
   */
  schedule(ms: number, callback: () => void): () => void;
}

/** Beyond this, setTimeout fires after 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (ms, callback) => {
    const timer = startTimer(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves with true after `ms`, or with false as soon as the signal is aborted. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const wake = (): void => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve(!signal.aborted);
    };
    const cancel = clock.schedule(ms, wake);
    signal.addEventListener('abort', wake);
  });
}
