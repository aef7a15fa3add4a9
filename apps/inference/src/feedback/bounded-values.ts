/** What the values share that came too late for a series of their own. */
export const OTHER = 'other';

/** Values of a metric's label that could become many over time: the first ones have a series each, the others share one. */
export class BoundedValues {
  readonly #most: number;
  readonly #own = new Set<string>();

  /** @param most values with a series of their own. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value itself, or {@link OTHER}; always the same for the same value. */
  of(value: string): string {
    if (this.#own.has(value)) return value;
    if (this.#own.size >= this.#most) return OTHER;
    this.#own.add(value);
    return value;
  }
}
