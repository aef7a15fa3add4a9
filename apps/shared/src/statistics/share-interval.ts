import { logBetaCdf } from './special-functions.ts';

/** What a share may well be, both within 0..1. */
export interface ShareInterval {
  readonly lower: number;
  readonly upper: number;
}

/** Halvings until the ends are as exact as a float64 between 0 and 1. */
const HALVINGS = 60;

/**
 * The exact interval of a share by Clopper and Pearson (Biometrika 26, 1934): whatever the true share, it lies within in
 * `level` of all cases at least, and below `lower` in half of the rest at most. That holds for 4 trials as for 4,000, which
 * no interval by the normal distribution does.
 *
 * @param hits 0..count @param count at least 1 @param level above 0, below 1.
 */
export function shareInterval(hits: number, count: number, level = 0.95): ShareInterval {
  if (!(Number.isInteger(hits) && Number.isInteger(count) && hits >= 0 && count >= Math.max(1, hits)))
    throw new RangeError(`${hits} of ${count} is no share`);
  const tail = (1 - level) / 2;
  return {
    lower: hits === 0 ? 0 : betaQuantile(tail, hits, count - hits + 1),
    upper: hits === count ? 1 : 1 - betaQuantile(tail, count - hits, hits + 1),
  };
}

/**
 * Fewest trials that can prove a share, all of them hits: the lower end of their interval, `((1 - level) / 2)^(1 / count)`, is
 * at least `limit`. Infinity for a limit of 1.
 */
export function trialsFor(limit: number, level = 0.95): number {
  return limit >= 1 ? Infinity : Math.ceil(Math.log((1 - level) / 2) / Math.log(limit));
}

/** The x below which a Beta(a, b) variable lies with probability `p`. */
function betaQuantile(p: number, a: number, b: number): number {
  const target = Math.log(p);
  let [low, high] = [0, 1];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (logBetaCdf(middle, a, b) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
