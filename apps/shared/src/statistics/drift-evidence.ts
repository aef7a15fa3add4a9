/**
 * Evidence that what is seen now does not come from where a reference was drawn, which may be looked at as often as one likes;
 * see share-evidence.ts for what that means.
 */
import { logDirichletMultinomial, type Counts } from './mix-evidence.ts';
import { logMeanExp } from './special-functions.ts';

/**
 * Weights of the prior at the reference, in events: small finds large changes after a handful of events, large finds small
 * ones, which take many anyway. The alternative is their mixture in equal parts.
 */
const SURENESS = [10, 100, 1000];

/** Chance that a reference misleads: that its shares lie further from the true ones than {@link sampleRadius} says. */
const MISLEADING = 1e-3;

const total = (counts: Counts) => counts.reduce((sum, count) => sum + count, 0);

/** Kullback-Leibler divergence of two mixes, in nats; a share of 0 in the first adds nothing. */
const divergence = (of: readonly number[], from: readonly number[]) =>
  of.reduce((sum, share, kind) => (share === 0 ? sum : sum + share * Math.log(share / (from[kind] ?? 0))), 0);

/**
 * How far a sample's shares may lie from the true ones, as a divergence in nats, but for one sample in a thousand: the
 * inverse of the bound of R. Agrawal, "Finite-sample concentration of the multinomial in relative entropy", IEEE Transactions
 * on Information Theory 66 (2020).
 * @param events of the sample, at least 1
 * @param kinds at least 1
 */
export function sampleRadius(events: number, kinds: number): number {
  const free = kinds - 1;
  if (free === 0) return 0;
  const logBound = (x: number) => free * (1 + Math.log(x / free)) - x;
  let [low, high] = [free, free + 100];
  while (logBound(high) > Math.log(MISLEADING)) high *= 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (logBound(middle) > Math.log(MISLEADING)) low = middle;
    else high = middle;
  }
  return high / events;
}

/**
 * Evidence that the shares behind some counts are further than `radius` from those of a reference: a Dirichlet-multinomial
 * mixture above, and the best explanation among all mixes within the radius below (universal inference, Wasserman,
 * Ramdas and Balakrishnan, PNAS 2020). Against a point, as in Lindon and Malek (arXiv:2011.03567), it would grow with
 * every reference that is a sample, however good.
 *
 * @param counts what was seen, by kind
 * @param reference the reference's counts of the same kinds; kinds that it lacks are explained as far as the radius goes
 * @param radius divergence of the reference from a mix that still passes for it, in nats, above 0
 * @returns ln of the e-value
 */
export function logEvidenceOfDrift(counts: Counts, reference: Counts, radius: number): number {
  const seen = total(counts);
  if (seen === 0) return 0;
  const events = total(reference);
  const shares = reference.map((count) => count / events);
  const best = nearestExplanation(counts, shares, radius);
  const atBest = counts.reduce((sum, count, kind) => (count === 0 ? sum : sum + count * Math.log(best[kind] ?? 0)), 0);
  // Half an event of every kind: what the reference lacks may come all the same.
  const centre = reference.map((count) => (count + 0.5) / (events + reference.length / 2));
  const mixture = SURENESS.map((sureness) =>
    logDirichletMultinomial(
      counts,
      centre.map((share) => share * sureness),
    ),
  );
  return logMeanExp(mixture) - atBest;
}

/**
 * The mix within the radius of the reference under which some counts are likeliest. By Lagrange's rule it lies between
 * both: the counts, and as many more as needed in the reference's shares.
 */
function nearestExplanation(counts: Counts, shares: readonly number[], radius: number): readonly number[] {
  const seen = total(counts);
  const withMore = (more: number) => counts.map((count, kind) => (count + more * (shares[kind] ?? 0)) / (seen + more));
  if (divergence(shares, withMore(0)) <= radius) return withMore(0);
  // Events of the reference, on a logarithmic scale from far too few to far too many.
  let [low, high] = [Math.log(seen) - 40, Math.log(seen) + 40];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (divergence(shares, withMore(Math.exp(middle))) > radius) low = middle;
    else high = middle;
  }
  // On the near side the evidence can only be too small.
  return withMore(Math.exp(low));
}
