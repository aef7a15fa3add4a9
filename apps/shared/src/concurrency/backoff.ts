/** Pauses between tries of something that fails: the first is short, and each failure doubles the next. */
export interface Backoff {
  /** Milliseconds after the first failure. */
  readonly initialDelayMs: number;
  /** Milliseconds; upper bound of one pause. */
  readonly maxDelayMs: number;
}

/** Pure: the pause after so many failures in a row (at least 1), in milliseconds. */
export function backoffMs({ initialDelayMs, maxDelayMs }: Backoff, failures: number): number {
  return Math.min(maxDelayMs, initialDelayMs * 2 ** (failures - 1));
}

/** A number in [0, 1), Math.random by default. */
export type Random = () => number;

/** Spreads `ms` evenly over [ms, ms * (1 + factor)), so that many clients do not act at once. */
export const jittered = (ms: number, factor: number, random: Random): number => ms * (1 + factor * random());
