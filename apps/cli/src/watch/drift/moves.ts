import type { Direction } from './drift-report.ts';

/** Difference of the chances to lie above and below that counts as a direction: half of it is 55 to 45. */
const CLEAR = 0.1;
/** Part of all bins that is each of the two ends. */
const END = 0.2;

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** Pure: shares that add up to 1; undefined of nothing. */
export function sharesOf(counts: readonly number[]): number[] | undefined {
  const all = total(counts);
  return all === 0 ? undefined : counts.map((count) => count / all);
}

/** Pure: total variation distance of two mixes, 0..1: the part of the pictures that would have to move to another bin. */
export const distanceOf = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, share, bin) => sum + Math.abs(share - (b[bin] ?? 0)), 0) / 2;

/**
 * Pure: which way numbers moved, by bins in ascending order. Up or down by Cliff's delta: the chance that a picture of now lies
 * above one of the reference, less that it lies below; otherwise by how much lies at both ends.
 */
export function directionOf(reference: readonly number[], now: readonly number[]): Direction {
  let below = 0;
  let delta = 0;
  for (const [bin, share] of reference.entries()) {
    const above = 1 - below - share;
    delta += (now[bin] ?? 0) * (below - above);
    below += share;
  }
  if (Math.abs(delta) >= CLEAR) return delta > 0 ? 'up' : 'down';
  const ends = Math.max(1, Math.round(reference.length * END));
  const atEnds = (shares: readonly number[]) => total(shares.slice(0, ends)) + total(shares.slice(-ends));
  const more = atEnds(now) - atEnds(reference);
  return Math.abs(more) < CLEAR / 2 ? 'other' : more > 0 ? 'wider' : 'narrower';
}
