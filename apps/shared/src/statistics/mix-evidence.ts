/**
 * Evidence about a mix, such as that of predicted labels, which may be looked at as often as one likes; see share-evidence.ts
 * for what that means.
 */
import { logEvidenceOfExcess } from './share-evidence.ts';
import { logGamma, logMeanExp } from './special-functions.ts';

/** Counts by kind; both tracks have the same kinds in the same order. */
export type Counts = readonly number[];

const total = (counts: Counts) => counts.reduce((sum, count) => sum + count, 0);

/**
 * ln of the probability of an order of events with these counts, where their shares have a Dirichlet prior: the
 * Dirichlet-multinomial distribution without its coefficient.
 * @param prior one positive number a kind; their sum says how sure it is
 */
export function logDirichletMultinomial(counts: Counts, prior: Counts): number {
  const among = counts.reduce((sum, count, kind) => {
    const a = prior[kind] ?? 0;
    return count === 0 ? sum : sum + logGamma(a + count) - logGamma(a);
  }, 0);
  return among + logGamma(total(prior)) - logGamma(total(prior) + total(counts));
}

/** ln of the likelihood of an order of events at given shares; 0 ln 0 is 0. */
const logMultinomial = (counts: Counts, shares: readonly number[]) =>
  counts.reduce((sum, count, kind) => (count === 0 ? sum : sum + count * Math.log(shares[kind] ?? 0)), 0);

/**
 * Evidence that events do not come with the shares that are expected: a Dirichlet-multinomial mixture against a point
 * (Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022, arXiv:2011.03567).
 * @param expected shares that add up to 1
 * @param sureness weight of the prior at `expected`, in events: large finds small changes, small finds large ones sooner
 * @returns ln of the e-value; Infinity when something happened whose share is 0
 */
export function logEvidenceAgainstMix(counts: Counts, expected: readonly number[], sureness: number): number {
  if (counts.some((count, kind) => count > 0 && (expected[kind] ?? 0) <= 0)) return Infinity;
  const prior = expected.map((share) => share * sureness);
  return logDirichletMultinomial(counts, prior) - logMultinomial(counts, expected);
}

/**
 * Evidence that two mixes are further apart than `limit` in total variation, the largest difference that the share of any
 * set of kinds makes. The mean of two e-processes: that of single kinds, which went up or down, found soonest where few
 * kinds change; and that of all kinds together, for changes that are spread.
 * @param limit in [0, 1)
 * @returns ln of the e-value; -Infinity where nothing speaks for it
 */
export function logEvidenceOfShift(ours: Counts, theirs: Counts, limit: number): number {
  const [a, b] = [total(ours), total(theirs)];
  if (a === 0 || b === 0) return -Infinity;
  // With two kinds, one going down is the other going up.
  const directions = ours.length === 2 ? [true] : [true, false];
  const singles = ours.flatMap((count, kind) =>
    directions.map((isUp) => {
      const other = theirs[kind] ?? 0;
      return isUp
        ? logEvidenceOfExcess({ count, of: a }, { count: other, of: b }, limit)
        : logEvidenceOfExcess({ count: a - count, of: a }, { count: b - other, of: b }, limit);
    }),
  );
  const bySingle = logMeanExp(singles);
  if (ours.length <= 2) return bySingle;
  return logMeanExp([bySingle, logEvidenceOfSpread(ours, theirs, limit)]);
}

/**
 * Universal inference (Wasserman, Ramdas and Balakrishnan, PNAS 2020) with a mixture above and the best explanation within the limit
 * below. The set of kinds that are more frequent here may exceed its share there by the limit at most; every pair of mixes
 * within the limit fulfils that, so taking the best explanation among all that do can only weaken the evidence.
 */
function logEvidenceOfSpread(ours: Counts, theirs: Counts, limit: number): number {
  const [a, b] = [total(ours), total(theirs)];
  const isUp = ours.map((count, kind) => count / a > (theirs[kind] ?? 0) / b);
  const up = (counts: Counts) => total(counts.filter((_, kind) => isUp[kind]));
  const [x, y] = [up(ours), up(theirs)];
  const excess = (share: number) => bernoulli(x, a, share + limit) + bernoulli(y, b, share);
  const withinLimit = x / a - y / b <= limit;
  const best = withinLimit ? bernoulli(x, a, x / a) + bernoulli(y, b, y / b) : maximize(0, 1 - limit, excess);
  const within = (counts: Counts, ofUp: number, of: number) =>
    logMultinomial(
      counts,
      counts.map((count, kind) => count / (isUp[kind] ? ofUp : of - ofUp)),
    );
  const prior = ours.map(() => 0.5);
  const mixture = logDirichletMultinomial(ours, prior) + logDirichletMultinomial(theirs, prior);
  return mixture - best - within(ours, x, a) - within(theirs, y, b);
}

const xlogy = (x: number, y: number) => (x === 0 ? 0 : x * Math.log(y));
const bernoulli = (count: number, of: number, share: number) => xlogy(count, share) + xlogy(of - count, 1 - share);

/** The largest value of a concave function in [low, high], by halving into thirds. */
function maximize(low: number, high: number, f: (x: number) => number): number {
  let [left, right] = [low, high];
  for (let step = 0; step < 100; step++) {
    const [x1, x2] = [left + (right - left) / 3, right - (right - left) / 3];
    if (f(x1) < f(x2)) left = x1;
    else right = x2;
  }
  return f((left + right) / 2);
}
