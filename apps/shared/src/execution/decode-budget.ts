import { PawlError } from '../errors/pawl-error.ts';
import { unlessAborted } from '../concurrency/unless-aborted.ts';
import type { MemoryPlan } from './memory-plan.ts';

/** The part of a plan that a {@link DecodeBudget} keeps to. */
export type BudgetPlan = Pick<MemoryPlan, 'allowanceBytes' | 'sharedBytes'>;

/** One picture that waits for memory. */
interface Waiting {
  readonly bytes: number;
  readonly turn: () => void;
}

/**
 * The memory that pictures borrow beyond their worker's allowance: a weighted semaphore. A picture within the allowance
 * never waits, since at most as many are decoded at once as there are workers. The others wait first come, first served,
 * so that the largest is not overtaken for ever.
 */
export class DecodeBudget {
  readonly #plan: BudgetPlan;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<Waiting>();
  #borrowed = 0;

  /** @param maxWaiting most pictures that wait for memory at once, at least 0. */
  constructor(plan: BudgetPlan, maxWaiting: number) {
    this.#plan = plan;
    this.#maxWaiting = maxWaiting;
  }

  /** Bytes that are lent now. */
  get borrowedBytes(): number {
    return this.#borrowed;
  }

  /** Pictures that wait for memory. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when the memory of one picture is free.
   *
   * @param memoryBytes estimate of the whole picture, at most the plan's `maxDecodeBytes`.
   * @param signal ends the waiting.
   * @returns gives the memory back, once the decoder is done with the picture, however that ends; may be called again.
   * @throws PawlError OVERLOADED when too many wait already; the signal's reason.
   */
  async acquire(memoryBytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    return this.tryAcquire(memoryBytes) ?? (await this.#wait(this.#beyondAllowance(memoryBytes), signal));
  }

  /** As {@link acquire}, at once; undefined when the picture has to wait. */
  tryAcquire(memoryBytes: number): (() => void) | undefined {
    const bytes = this.#beyondAllowance(memoryBytes);
    if (bytes > 0 && (this.#waiting.size > 0 || !this.#fits(bytes))) return undefined;
    this.#borrowed += bytes;
    return this.#releaseOf(bytes);
  }

  #beyondAllowance(memoryBytes: number): number {
    return Math.min(Math.max(0, memoryBytes - this.#plan.allowanceBytes), this.#plan.sharedBytes);
  }

  #releaseOf(bytes: number): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#giveBack(bytes);
    };
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#waiting.size >= this.#maxWaiting)
      throw new PawlError('OVERLOADED', { message: 'Too many large images wait for memory to be decoded in.' });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const waiting: Waiting = {
      bytes,
      turn: () => {
        resolve(undefined);
      },
    };
    this.#waiting.add(waiting);
    if (signal === undefined) await promise;
    else
      try {
        await unlessAborted(promise, signal);
      } catch (error) {
        // A turn that came in the same moment goes to the next; one that leaves lets those behind it pass.
        this.#giveBack(this.#waiting.delete(waiting) ? 0 : bytes);
        throw error;
      }
    return this.#releaseOf(bytes);
  }

  #fits(bytes: number): boolean {
    return this.#borrowed + bytes <= this.#plan.sharedBytes;
  }

  #giveBack(bytes: number): void {
    this.#borrowed -= bytes;
    for (const next of this.#waiting) {
      if (!this.#fits(next.bytes)) return;
      this.#waiting.delete(next);
      this.#borrowed += next.bytes;
      next.turn();
    }
  }
}
