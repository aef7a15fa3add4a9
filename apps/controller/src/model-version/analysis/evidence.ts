import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { logEvidenceOfShift } from '@pawl/shared/statistics/mix-evidence';
import { logEvidenceAbove, logEvidenceOfExcess } from '@pawl/shared/statistics/share-evidence';
import { logMeanExp } from '@pawl/shared/statistics/special-functions';
import type { Counted } from './comparison.ts';
import { latencyEdges, type ProcessCounters } from './counters.ts';
import { add, histogramQuantile, noTally, type Tally, tallyOf } from './tally.ts';

type Limits = RolloutPolicy['analysis'];

/** A p95 leaves this share of requests slower. */
export const SLOW_SHARE = 0.05;

/** By check: ln of the e-value that speaks against a canary within its limit. */
export interface Evidence {
  readonly ErrorRate: number;
  readonly Latency: number;
  readonly Predictions: number;
}

/** Against each limit of the policy. Each is an e-process: at the limit or below it, it reaches 1/alpha with at most alpha. */
export function evidenceOf({ canary, stable }: Counted, edge: number, limits: Limits): Evidence {
  return {
    ErrorRate: logEvidenceOfExcess(
      { count: canary.errors, of: canary.requests },
      { count: stable.errors, of: stable.requests },
      limits.maxErrorRateIncrease,
    ),
    Latency: evidenceOfLatency(canary, stable, edge, limits),
    Predictions: logEvidenceOfShift(canary.labels, stable.labels, limits.maxLabelShift),
  };
}

/** Requests slower than an edge of the histogram. */
export const slowerThan = ({ latency, requests }: Tally, edge: number) => ({
  count: requests - (latency[edge] ?? requests),
  of: requests,
});

/**
 * A canary is too slow when too many of its requests are slower than the limit: more than a p95 leaves, and more than those of
 * the stable pods at the same time. The limit is an edge of the histogram, taken from what the stable pods had counted before the
 * comparison began: an edge that is chosen from the data that are then tested would be chosen to fail. Where the stable pods
 * are slower now, the edge that follows from that has to be exceeded too.
 */
function evidenceOfLatency(canary: Tally, stable: Tally, edge: number, limits: Limits): number {
  const present = limitEdge(stable, limits);
  // Beyond the end of the histogram nothing is known.
  if (present >= latencyEdges.length) return -Infinity;
  // Stable pods that were slow before, and are not now, do not excuse a canary that is beyond the end.
  const before = Math.min(edge, latencyEdges.length - 1);
  const above = logEvidenceAbove(slowerThan(canary, Math.max(before, present)), SLOW_SHARE);
  // The least of the three counts, and that one is quickly found.
  if (above <= 0) return above;
  const excess = (at: number) => logEvidenceOfExcess(slowerThan(canary, at), slowerThan(stable, at), 0);
  return Math.min(above, excess(before), excess(Math.max(before, present)));
}

/**
 * Index of the edge of the histogram at or above the latency limit that these requests set; the number of edges when it is
 * beyond them.
 */
function limitEdge(stable: Pick<Tally, 'latency' | 'requests'>, limits: Limits): number {
  const limit = Math.max(histogramQuantile(stable, 1 - SLOW_SHARE) * limits.maxP95Ratio, limits.p95FloorSeconds);
  const edge = latencyEdges.findIndex((upper) => upper >= limit);
  return edge < 0 ? latencyEdges.length : edge;
}

/** The edge that the whole life of the stable processes sets. */
export const edgeOf = (stable: readonly ProcessCounters[], limits: Limits): number =>
  limitEdge(stable.map((counters) => tallyOf(counters, [])).reduce(add, noTally(0)), limits);

/**
 * Part of the budget of a rollout that its k-th comparison has: 1/2, 1/6, 1/12 … add up to 1, however many there will be. The
 * first one, in which most bad versions are found, has half of it.
 */
const shareOf = (number: number) => 1 / (number * (number + 1));

/**
 * The evidence of a comparison as one e-value: the mean of its checks, by its share of the budget. A mean of e-values is one
 * (Vovk and Wang, "E-values: calibration, combination and applications", Annals of Statistics 2021).
 * @param number which comparison of the rollout it is, from 1
 */
export const combined = (evidence: Evidence, number: number): number =>
  shareOf(number) * Math.exp(logMeanExp([evidence.ErrorRate, evidence.Latency, evidence.Predictions]));
