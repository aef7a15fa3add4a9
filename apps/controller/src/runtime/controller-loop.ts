import { ApiError, ApiUnreachable, isConflict } from '@pawl/shared/kubernetes/api-error';
import { type Clock, systemClock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import type { Logger } from './logger.ts';
import type { WorkQueue } from './work-queue.ts';

/** The result of a reconcile that succeeded. */
export interface NextReconcile {
  /** Reconcile again after this many milliseconds though nothing changed. */
  readonly requeueAfterMs?: number | undefined;
}

/** Something outside has to happen first; reconcile again after a time known in advance. */
export class Waiting extends Error {
  override readonly name: string = 'Waiting';
  /** PascalCase, of a closed set. */
  readonly reason: string;
  readonly requeueAfterMs: number;

  constructor(reason: string, message: string, requeueAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.requeueAfterMs = requeueAfterMs;
  }
}

/** How a reconcile ended. */
export type ReconcileOutcome = 'success' | 'requeue_after' | 'waiting' | 'conflict' | 'error';

export interface LoopMetrics {
  reconciled(outcome: ReconcileOutcome, seconds: number): void;
  /** @param reason of a closed set: `timeout`, `unreachable`, `api_<status>` or `unexpected`. */
  failed(reason: string): void;
}

export interface ControllerLoopOptions {
  readonly queue: WorkQueue;
  /** Keys that are reconciled at the same time. */
  readonly workers: number;
  /**
   * One idempotent pass that moves actual towards desired for one key. {@link Waiting} says when to try again, after a
   * conflict soon, after any other error with a growing backoff.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<NextReconcile>;
  /** Milliseconds after which a reconcile's signal is aborted. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly metrics?: LoopMetrics | undefined;
  readonly clock?: Clock | undefined;
}

/** Workers that take keys from a queue and reconcile them, never the same key twice at once. */
export class ControllerLoop {
  readonly #options: ControllerLoopOptions;
  readonly #clock: Clock;
  /** Keys in work and since when. */
  readonly #running = new Map<string, number>();

  constructor(options: ControllerLoopOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Milliseconds that the longest running reconcile has taken, 0 when none runs. A value far above the timeout means
   * that a reconcile ignores its signal; a liveness check can use this.
   */
  get longestRunningMs(): number {
    for (const since of this.#running.values()) return this.#clock.monotonic() - since;
    return 0;
  }

  /**
   * Works until `stop` is aborted, then finishes the reconciles in work and resolves.
   * @param abandon aborts the reconciles in work as well: the lease is lost.
   */
  async run(stop: AbortSignal, abandon?: AbortSignal): Promise<void> {
    const { queue, workers } = this.#options;
    const shutDown = Promise.withResolvers<undefined>();
    const onStop = (): void => {
      queue.shutDownWithDrain().then(() => {
        shutDown.resolve(undefined);
      }, shutDown.reject);
    };
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
    await Promise.all([shutDown.promise, ...Array.from({ length: workers }, () => this.#work(abandon))]);
  }

  async #work(abandon: AbortSignal | undefined): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.get(); key !== undefined; key = await queue.get())
      try {
        await this.#reconcile(key, abandon);
      } finally {
        queue.done(key);
      }
  }

  async #reconcile(key: string, abandon: AbortSignal | undefined): Promise<void> {
    const { reconcile, timeoutMs, metrics } = this.#options;
    const startedAt = this.#clock.monotonic();
    this.#running.set(key, startedAt);
    const deadline = startDeadline(this.#clock, timeoutMs, abandon);
    let outcome: ReconcileOutcome;
    try {
      outcome = this.#settle(key, await reconcile(key, deadline.signal));
    } catch (error) {
      outcome = this.#retry(key, error, deadline.expired);
    } finally {
      deadline.done();
      this.#running.delete(key);
    }
    metrics?.reconciled(outcome, (this.#clock.monotonic() - startedAt) / 1000);
  }

  #settle(key: string, { requeueAfterMs }: NextReconcile): ReconcileOutcome {
    const { queue } = this.#options;
    // A requeue by plan is no failure: the next failure starts with the shortest pause.
    queue.forget(key);
    if (requeueAfterMs === undefined) return 'success';
    queue.addAfter(key, requeueAfterMs);
    return 'requeue_after';
  }

  #retry(key: string, error: unknown, expired: boolean): ReconcileOutcome {
    const { queue, logger, metrics } = this.#options;
    if (error instanceof Waiting) {
      queue.forget(key);
      queue.addAfter(key, error.requeueAfterMs);
      logger.info({ key, reason: error.reason, requeueAfterMs: error.requeueAfterMs }, error.message);
      return 'waiting';
    }
    queue.addRateLimited(key);
    if (isConflict(error)) {
      logger.debug({ key }, 'The object changed meanwhile; reconciling again.');
      return 'conflict';
    }
    const reason = expired ? 'timeout' : reasonOf(error);
    metrics?.failed(reason);
    logger.error({ key, reason, retries: queue.retries(key), err: error }, 'The reconcile failed; trying again later.');
    return 'error';
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiUnreachable) return 'unreachable';
  if (error instanceof ApiError) return `api_${error.status}`;
  return 'unexpected';
}
