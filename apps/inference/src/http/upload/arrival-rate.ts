/** Length of one window, ms: short enough to notice a stall at once, long enough for a phone's pauses. */
const WINDOW_MS = 1_000;

/**
 * How fast bytes arrive just now: over the present window and the one before it. An average since the start would call a
 * client fast that sent nine megabytes in a moment and then fell silent.
 */
export class ArrivalRate {
  #windowStart: number;
  #previous = 0;
  #current = 0;

  /** @param now monotonic ms. */
  constructor(now: number) {
    this.#windowStart = now;
  }

  /** Counts bytes that arrived. @param now monotonic ms, never earlier than before. */
  add(bytes: number, now: number): void {
    this.#roll(now);
    this.#current += bytes;
  }

  /** Bytes a second, over the last one to two seconds. @param now monotonic ms, never earlier than before. */
  perSecond(now: number): number {
    this.#roll(now);
    return ((this.#previous + this.#current) * 1000) / (now - this.#windowStart + WINDOW_MS);
  }

  #roll(now: number): void {
    const elapsed = now - this.#windowStart;
    if (elapsed < WINDOW_MS) return;
    const isNext = elapsed < 2 * WINDOW_MS;
    this.#previous = isNext ? this.#current : 0;
    this.#current = 0;
    this.#windowStart = isNext ? this.#windowStart + WINDOW_MS : now;
  }
}
