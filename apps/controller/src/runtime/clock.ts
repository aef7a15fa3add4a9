import { setTimeout as startTimer } from 'node:timers';

/** Time as the runtime sees it, so that tests decide it. All values are milliseconds. */
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

/** A number in [0, 1), Math.random by default. */
export type Random = () => number;

/** Spreads `ms` evenly over [ms, ms * (1 + factor)), so that many clients do not act at once. */
export const jittered = (ms: number, factor: number, random: Random): number => ms * (1 + factor * random());

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

/** A signal that ends by itself. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, as opposed to a parent that was aborted. */
  readonly expired: boolean;
  /** Starts the time anew, until {@link done}. */
  extend(): void;
  /** Stops the timer; the parents still abort the signal. */
  disarm(): void;
  /** Stops the timer and lets go of the parents; call it in `finally`. */
  done(): void;
}

/** A signal that is aborted after `ms` or with the first of `parents`; unlike AbortSignal.any it leaves nothing behind. */
export function startDeadline(clock: Clock, ms: number, ...parents: readonly (AbortSignal | undefined)[]): Deadline {
  const controller = new AbortController();
  let expired = false;
  const start = (): (() => void) =>
    clock.schedule(ms, () => {
      expired = true;
      controller.abort(new DOMException(`No result within ${Math.round(ms)} ms.`, 'TimeoutError'));
    });
  let cancel = start();
  const links = parents
    .filter((parent) => parent !== undefined)
    .map((parent) => {
      const follow = (): void => {
        controller.abort(parent.reason);
      };
      if (parent.aborted) follow();
      parent.addEventListener('abort', follow);
      return () => {
        parent.removeEventListener('abort', follow);
      };
    });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    extend() {
      cancel();
      cancel = start();
    },
    disarm() {
      cancel();
    },
    done() {
      cancel();
      for (const unlink of links) unlink();
    },
  };
}
