import { backoffMs, type Backoff } from '@pawl/shared/concurrency/backoff';
import { type Clock, LONGEST_TIMER_MS, systemClock } from '@pawl/shared/concurrency/clock';

export interface WorkQueueOptions {
  readonly clock?: Clock | undefined;
  /** Milliseconds before the first retry of a key, doubled by each further one, 500 by default. */
  readonly firstRetryMs?: number | undefined;
  /** Most milliseconds before a retry, 5 minutes by default. */
  readonly lastRetryMs?: number | undefined;
  /** Retries a second over all keys, 10 by default. */
  readonly retriesPerSecond?: number | undefined;
  /** Retries that may come at once before that rate applies, 100 by default. */
  readonly retryBurst?: number | undefined;
}

interface Delayed {
  readonly readyAt: number;
  cancel: () => void;
}

/**
 * Keys that wait for a worker. A key waits at most once and is never worked on twice at the same time: one that is added
 * while a worker holds it comes back when the worker is done.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #msPerRetry: number;
  readonly #retryBurst: number;

  /** Keys to hand out, oldest first, with the time when they became ready. */
  readonly #ready = new Map<string, number>();
  /** Keys that need work, ready or still held by a worker. */
  readonly #dirty = new Set<string>();
  /** Keys that workers hold. */
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  #drained: PromiseWithResolvers<undefined> | undefined;
  /** When the token bucket has its next retry to give; the past while it is full. */
  #nextRetryAt = -Infinity;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#backoff = { initialDelayMs: options.firstRetryMs ?? 500, maxDelayMs: options.lastRetryMs ?? 300_000 };
    this.#msPerRetry = 1000 / (options.retriesPerSecond ?? 10);
    this.#retryBurst = options.retryBurst ?? 100;
  }

  /** Keys that are ready for a worker. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys that become ready later. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** Milliseconds that the oldest ready key has waited, 0 when none waits. */
  get oldestMs(): number {
    for (const since of this.#ready.values()) return this.#clock.monotonic() - since;
    return 0;
  }

  get shuttingDown(): boolean {
    return this.#drained !== undefined;
  }

  add(key: string): void {
    if (this.shuttingDown || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#offer(key);
  }

  /** Adds the key `ms` from now; of several such calls the earliest wins. */
  addAfter(key: string, ms: number): void {
    if (this.shuttingDown) return;
    if (!(ms > 0)) {
      this.add(key);
      return;
    }
    const readyAt = this.#clock.monotonic() + ms;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.readyAt <= readyAt) return;
    planned?.cancel();
    const entry: Delayed = { readyAt, cancel: () => undefined };
    this.#delayed.set(key, entry);
    this.#arm(key, entry);
  }

  /** Adds the key after a pause that doubles with each call until {@link forget}. */
  addRateLimited(key: string): void {
    if (this.shuttingDown) return;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ofKey = backoffMs(this.#backoff, failures + 1);
    this.addAfter(key, Math.max(ofKey, this.#takeToken()));
  }

  /** Retries of the key since it was last forgotten. */
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Ends the key's backoff and drops its state; after success, and when its object is gone. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which the caller gives back with {@link done}; undefined when the queue is shut down. */
  get(): Promise<string | undefined> {
    for (const key of this.#ready.keys()) {
      this.#ready.delete(key);
      return Promise.resolve(this.#hand(key));
    }
    if (this.shuttingDown) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** The worker is finished with a key it got. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key) && !this.shuttingDown) this.#offer(key);
    this.#settle();
  }

  /**
   * Takes no more keys, drops those that wait, and resolves when the workers have given back theirs. The next start
   * finds the dropped keys again.
   */
  shutDownWithDrain(): Promise<void> {
    if (this.#drained === undefined) {
      this.#drained = Promise.withResolvers<undefined>();
      for (const { cancel } of this.#delayed.values()) cancel();
      this.#delayed.clear();
      this.#ready.clear();
      this.#dirty.clear();
      for (const waiter of this.#waiters.splice(0)) waiter(undefined);
    }
    this.#settle();
    return this.#drained.promise;
  }

  #settle(): void {
    if (this.#processing.size === 0) this.#drained?.resolve(undefined);
  }

  #offer(key: string): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#ready.set(key, this.#clock.monotonic());
    else waiter(this.#hand(key));
  }

  #hand(key: string): string {
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }

  #arm(key: string, entry: Delayed): void {
    const ms = entry.readyAt - this.#clock.monotonic();
    entry.cancel = this.#clock.schedule(Math.min(Math.max(0, ms), LONGEST_TIMER_MS), () => {
      if (this.#clock.monotonic() < entry.readyAt) {
        this.#arm(key, entry);
        return;
      }
      this.#delayed.delete(key);
      this.add(key);
    });
  }

  /** @returns milliseconds until the bucket gives the token that this call took. */
  #takeToken(): number {
    const now = this.#clock.monotonic();
    const full = now - this.#msPerRetry * this.#retryBurst;
    this.#nextRetryAt = Math.max(this.#nextRetryAt, full) + this.#msPerRetry;
    return Math.max(0, this.#nextRetryAt - now);
  }
}
