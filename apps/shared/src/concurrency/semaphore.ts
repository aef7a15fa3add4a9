import { unlessAborted } from './unless-aborted.ts';

/** Lets at most so many pieces of work run at once; the others wait, first come, first served. */
export class Semaphore {
  readonly #permits: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /** @param permits pieces of work at once, at least 1. */
  constructor(permits: number) {
    this.#permits = permits;
  }

  /** Whether nothing runs and nothing waits. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /**
   * Runs `work` when it is its turn.
   *
   * @param signal ends the waiting; work that has begun is not its business.
   * @throws the signal's reason, and what `work` throws.
   */
  async run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    await this.#acquire(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#running < this.#permits) {
      this.#running += 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const turn = (): void => {
      resolve(undefined);
    };
    this.#waiting.add(turn);
    if (signal === undefined) await promise;
    else
      try {
        await unlessAborted(promise, signal);
      } catch (error) {
        // A turn that came in the same moment goes to the next.
        if (!this.#waiting.delete(turn)) this.#release();
        throw error;
      }
  }

  /** Hands the permit to whoever waits longest. */
  #release(): void {
    for (const turn of this.#waiting) {
      this.#waiting.delete(turn);
      turn();
      return;
    }
    this.#running -= 1;
  }
}
