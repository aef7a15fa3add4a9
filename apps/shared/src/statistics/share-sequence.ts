import type { Share } from './share-evidence.ts';
import type { ShareInterval } from './share-interval.ts';
import { logBeta, logMeanExp } from './special-functions.ts';

/** Weights of the prior, in events: small is tight after few events, large is tight after many. Mixed in equal parts. */
const SURENESS = [2, 20, 200, 2000];
/** A prior keeps this share on either side, or one event on the other would make the bound useless. */
const LEAST = 0.01;
/** Halvings until the ends are exact to 12 digits. */
const HALVINGS = 40;

/** What a sequence is made of. */
export interface ShareSequenceOptions {
  /** Chance that the interval is ever wrong, above 0 and below 1. */
  readonly alpha: number;
  /** Where the share is expected, 0..1: the interval is tightest there, and valid everywhere. Fixed before the first event. */
  readonly centre: number;
}

/**
 * ln of a martingale of the counts where the share is `share`: their beta-binomial mixture, divided by their likelihood. Its
 * expectation is 1 after any number of events.
 * @param share in [0, 1]
 * @returns Infinity where the counts cannot come from the share
 */
export const logMixtureRatio = (counts: Share, share: number, centre: number): number =>
  logMixture(counts, centre) - logLikelihood(counts, share);

/** ln of the likelihood of an order of events under the mixed priors around `centre`. */
function logMixture({ count, of }: Share, centre: number): number {
  const shift = Math.min(1 - LEAST, Math.max(LEAST, centre));
  const parts = SURENESS.map((sureness) => {
    const [a, b] = [sureness * shift, sureness * (1 - shift)];
    return logBeta(a + count, b + of - count) - logBeta(a, b);
  });
  return logMeanExp(parts);
}

const logLikelihood = ({ count, of }: Share, share: number): number =>
  xlogy(count, share) + xlogy(of - count, 1 - share);

const xlogy = (x: number, y: number): number => (x === 0 ? 0 : x * Math.log(y));

/**
 * The interval of a share that may be looked at after every event: with probability 1 - alpha it holds the true share at all
 * looks together, by Ville's inequality for {@link logMixtureRatio} (Robbins, Annals of Mathematical Statistics 41, 1970;
 * Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
 * Statistics 49, 2021).
 */
export function shareSequence(share: Share, { alpha, centre }: ShareSequenceOptions): ShareInterval {
  const { count, of } = share;
  if (!(Number.isInteger(count) && Number.isInteger(of) && count >= 0 && of >= count))
    throw new RangeError(`${count} of ${of} is no share`);
  if (of === 0) return { lower: 0, upper: 1 };
  const least = logMixture(share, centre) + Math.log(alpha);
  const seen = count / of;
  // The likelihood is largest at the share that was seen and falls on both sides of it.
  const isOut = (candidate: number): boolean => logLikelihood(share, candidate) <= least;
  return {
    lower: isOut(0) ? lastOut(isOut, 0, seen) : 0,
    upper: isOut(1) ? lastOut(isOut, 1, seen) : 1,
  };
}

/** The share that is just out, between one that is out and one that is not: the end that makes the interval wider. */
function lastOut(isOut: (share: number) => boolean, outside: number, inside: number): number {
  let [out, within] = [outside, inside];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (out + within) / 2;
    if (isOut(middle)) out = middle;
    else within = middle;
  }
  return out;
}
