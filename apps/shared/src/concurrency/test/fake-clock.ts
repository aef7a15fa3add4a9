import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

/** A clock that only moves when a test says so. Timers fire in order, each before the next millisecond is looked at. */
export class FakeClock implements Clock {
  readonly #timers = new Map<object, { readonly at: number; readonly callback: () => void }>();
  readonly #wallOffset: number;
  #now = 0;

  /** @param startsAt the wall clock at the beginning. */
  constructor(startsAt = Date.UTC(2024, 0, 1)) {
    this.#wallOffset = startsAt;
  }

  now(): number {
    return this.#wallOffset + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  schedule(ms: number, callback: () => void): () => void {
    // As setTimeout does.
    const delay = ms > 2 ** 31 - 1 || Number.isNaN(ms) ? 1 : Math.max(0, ms);
    const id = {};
    this.#timers.set(id, { at: this.#now + delay, callback });
    return () => {
      this.#timers.delete(id);
    };
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`, firing what falls due; promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await this.settle();
    }
    this.#now = until;
    await this.settle();
  }

  /** Lets everything run that waits for nothing but promises. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 3; turns += 1) await turn();
  }

  #next(until: number) {
    let first: [object, { readonly at: number; readonly callback: () => void }] | undefined;
    for (const entry of this.#timers)
      if (entry[1].at <= until && (first === undefined || entry[1].at < first[1].at)) first = entry;
    return first;
  }
}
