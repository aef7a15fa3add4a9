import type { Clock } from './clock.ts';

/** A signal that ends by itself. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, as opposed to a parent that was aborted. */
  readonly expired: boolean;
  /** Starts the time again, until {@link done}. */
  extend(): void;
  /** Stops the timer; the parents still abort the signal. */
  disarm(): void;
  /** Stops the timer and lets go of the parents; call it in `finally`. */
  done(): void;
}

/** How long a deadline lasts, and what it aborts with. */
export interface TimeLimit {
  readonly ms: number;
  /** The reason of the abort; by default a DOMException named TimeoutError. */
  readonly reason?: (() => unknown) | undefined;
}

/**
 * A signal that is aborted when the time is over or with the first of `parents`, with its reason; unlike AbortSignal.any
 * it leaves nothing behind.
 *
 * @param limit milliseconds, or a limit with a reason of its own.
 */
export function startDeadline(
  clock: Clock,
  limit: number | TimeLimit,
  ...parents: readonly (AbortSignal | undefined)[]
): Deadline {
  const { ms, reason = () => timeoutError(ms) }: TimeLimit = typeof limit === 'number' ? { ms: limit } : limit;
  const controller = new AbortController();
  let expired = false;
  const start = (): (() => void) =>
    clock.schedule(ms, () => {
      expired = true;
      controller.abort(reason());
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

const timeoutError = (ms: number) => new DOMException(`No result within ${Math.round(ms)} ms.`, 'TimeoutError');

/** The parent, aborted after `ms` at the latest, with a DOMException named TimeoutError. By the machine's clock. */
export function withinMs(ms: number, parent?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  return parent === undefined ? timeout : AbortSignal.any([parent, timeout]);
}
