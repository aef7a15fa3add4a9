/** Times at which something is known: `start + i * stepSeconds` for i = 0 .. steps. Unix seconds. */
export interface Period {
  readonly start: number;
  readonly end: number;
  readonly stepSeconds: number;
  /** How often a step fits: a whole number, at least 1. */
  readonly steps: number;
}

/** Most steps of a period: as many as a page has room for, and few enough for any Prometheus. */
const MOST_STEPS = 300;
/** Steps that people read easily, seconds. In each of them every process is scraped: Prometheus does so every minute, or more often. */
const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Pure: the `seconds` before a time, in steps; a little more where no step fits exactly. */
export function periodBefore(end: Date, seconds: number): Period {
  const stepSeconds = STEPS.find((step) => seconds / step <= MOST_STEPS) ?? Math.ceil(seconds / MOST_STEPS);
  const steps = Math.max(1, Math.ceil(seconds / stepSeconds));
  const last = Math.floor(end.getTime() / 1000);
  return { start: last - steps * stepSeconds, end: last, stepSeconds, steps };
}

/** Pure: the time at which a step ends; -1 is the start of the period. */
export const timeOf = ({ start, stepSeconds }: Period, step: number): Date =>
  new Date((start + (step + 1) * stepSeconds) * 1000);
