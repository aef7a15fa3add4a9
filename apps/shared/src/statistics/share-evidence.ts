/**
 * Evidence about a share, such as that of failed requests, which may be looked at as often as one likes.
 *
 * Each function gives the logarithm of an e-process: under every state of the world that it speaks against, the chance
 * that it ever reaches ln(1/alpha) is at most alpha, however many looks are taken (Ville's inequality). That is what a
 * fixed significance level lacks, which a patient observer exceeds sooner or later. See Ramdas, Gruenwald, Vovk and Shafer,
 * "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 2023.
 */
import { logBeta, logBetaCdf, logSumExp } from './special-functions.ts';

/** How often something happened, of how many times it could have. */
export interface Share {
  /** Integer in [0, `of`]. */
  readonly count: number;
  readonly of: number;
}

/** A prior of the share under the alternative: a mixture of beta distributions of equal weight, cut off at the limit. */
type Prior = readonly (readonly [a: number, b: number])[];

/**
 * Half of the prior is everything above the limit alike, which finds a broken version after a handful of requests; the
 * other half expects about twice the limit, which finds the small excess that takes many.
 */
function priorAbove(limit: number): Prior {
  const mean = Math.min(2 * limit, (1 + limit) / 2);
  return [
    [1, 1],
    [2, (2 * (1 - mean)) / mean],
  ];
}

/**
 * Evidence that a share is above `limit`: the likelihood of the counts under a beta prior of shares above it, divided by
 * their likelihood at the limit (a beta-binomial mixture; cf. Robbins 1970, and Lindon, Ham, Tingley and Bojinov, "Rapid
 * regression detection in software deployments through sequential testing", KDD 2022, arXiv:2205.14762). Since all of the
 * prior lies above the limit, the expectation is at most 1 for every share at or below it, not only at it.
 * @param limit in [0, 1]; at 1 nothing speaks against it, at 0 one event proves it wrong.
 * @returns ln of the e-value
 */
export const logEvidenceAbove = (share: Share, limit: number): number => mixture(share, limit, priorAbove(limit));

function mixture({ count, of }: Share, limit: number, prior: Prior): number {
  // So close to 1 that nothing is left above it: no evidence is the careful answer.
  if (of === 0 || limit > 1 - 1e-9) return 0;
  if (limit <= 0) return count > 0 ? Infinity : 0;
  const atLimit = count * Math.log(limit) + (of - count) * Math.log1p(-limit);
  const parts = prior.map(([a, b]) => logMassAbove(limit, a + count, b + of - count) - logMassAbove(limit, a, b));
  return logSumExp(parts) - Math.log(prior.length) - atLimit;
}

/** ln of the integral of p^(a-1) (1-p)^(b-1) over p in (limit, 1). */
const logMassAbove = (limit: number, a: number, b: number) => logBeta(a, b) + logBetaCdf(1 - limit, b, a);

/** Part of the stake that is put on what is known of the other track; the rest takes its share as it was seen. */
const STAKE_ON_OTHER = 0.5;

/**
 * Evidence that our share exceeds theirs by more than `margin`, when neither is known. Whatever their true share `r` is, the
 * product of the evidence that ours is above `r + margin`, and of a bet that theirs is below `r`, is an e-process; the
 * smallest of these products over all `r` therefore is one for all of them together.
 * @param margin in [0, 1)
 * @returns ln of the e-value; -Infinity where nothing speaks for it
 */
export function logEvidenceOfExcess(ours: Share, theirs: Share, margin: number): number {
  const seen = theirs.of === 0 ? 0 : theirs.count / theirs.of;
  // Where ours does not even look like it, the least of the products is below 1; how far is nobody's concern.
  if (ours.of === 0 || ours.count / ours.of <= seen + margin) return -Infinity;
  // Below what was seen, the evidence of ours rises and the bet on theirs loses at most what was kept back of it.
  const below = logEvidenceAbove(ours, seen + margin) + Math.log(1 - STAKE_ON_OTHER);
  // Nor is how far below 1 what is below 1 already: most looks end here, and the search that follows costs a hundred times more.
  if (below <= 0) return -Infinity;
  const above = minimize(
    seen,
    1 - margin,
    (share) => logEvidenceAbove(ours, share + margin) + logHedgedBelow(theirs, share),
  );
  return Math.min(below, above);
}

/** Weights of the prior of the other track's share, in events: it is close to the limit at one of these scales. */
const SCALES = [1, 16, 256, 4096, 65_536];

/**
 * The bet that a share is below `limit`, of which a part of the stake is kept back: the logarithm of an e-process that never
 * falls below that part.
 */
export function logHedgedBelow({ count, of }: Share, limit: number): number {
  const prior = SCALES.map((scale) => [scale * (1 - limit), scale * limit] as const);
  const bet = mixture({ count: of - count, of }, 1 - limit, prior);
  return logSumExp([Math.log(1 - STAKE_ON_OTHER), Math.log(STAKE_ON_OTHER) + bet]);
}

/** Points of the first look at a function that is minimized. */
const POINTS = 16;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Steps of the golden section: each leaves 62 % of the interval, all of them a ten-thousandth. */
const STEPS = 20;

/**
 * The smallest value of a smooth function with one valley: the best of some points, closer together near `low`, and from there by
 * the golden section.
 */
function minimize(low: number, high: number, f: (x: number) => number): number {
  const points = Array.from({ length: POINTS + 1 }, (_, i) => low + (high - low) * (i / POINTS) ** 3);
  const values = points.map(f);
  const best = values.indexOf(Math.min(...values));
  let [left, right] = [points[best - 1] ?? low, points[best + 1] ?? high];
  let [x1, x2] = [right - GOLDEN * (right - left), left + GOLDEN * (right - left)];
  let [y1, y2] = [f(x1), f(x2)];
  let least = Math.min(values[best] ?? 0, y1, y2);
  for (let step = 0; step < STEPS; step++) {
    if (y1 < y2) {
      [right, x2, y2] = [x2, x1, y1];
      x1 = right - GOLDEN * (right - left);
      y1 = f(x1);
    } else {
      [left, x1, y1] = [x1, x2, y2];
      x2 = left + GOLDEN * (right - left);
      y2 = f(x2);
    }
    least = Math.min(least, y1, y2);
  }
  return least;
}
