import type { AnalysisCheck, CheckVerdict } from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { latencyEdges, type PodCounters } from './counters.ts';

type Limits = RolloutPolicy['analysis'];

/**
 * How unlikely an excess must be before it is called a failure. Low, because the counters are read many times during a
 * step, and each reading can exceed the limit by chance.
 */
const ALPHA = 0.001;
/** The one-sided quantile of the normal distribution for {@link ALPHA}. */
const Z = 3.09;
/** A p95 leaves this share of requests slower. */
const SLOW_SHARE = 0.05;

/** What the checks say together. */
export interface Judgement {
  readonly verdict: CheckVerdict;
  readonly checks: readonly AnalysisCheck[];
}

/**
 * Compares what canary and stable pods counted in the same time under the same requests. Each check fails only when the
 * excess over its limit is more than chance explains (see ALPHA), passes when the figure is within the limit over
 * at least `minRequests`, and is inconclusive in between: few requests never pass, and two errors of two do fail.
 */
export function judge(canary: PodCounters, stable: PodCounters, limits: Limits): Judgement {
  const checks = [
    errorRate(canary, stable, limits),
    latency(canary, stable, limits),
    predictions(canary, stable, limits),
  ];
  const has = (verdict: CheckVerdict) => checks.some((check) => check.verdict === verdict);
  return { verdict: has('Fail') ? 'Fail' : has('Inconclusive') ? 'Inconclusive' : 'Pass', checks };
}

function errorRate(canary: PodCounters, stable: PodCounters, limits: Limits): AnalysisCheck {
  const enough = requireRequests(canary.requests, stable.requests, limits);
  const ours = ratio(canary.errors, canary.requests);
  const theirs = ratio(stable.errors, stable.requests);
  const limit = theirs + limits.maxErrorRateIncrease;
  const figures = { canary: rounded(ours), stable: rounded(theirs), limit: rounded(limit) };
  const message = `${canary.errors} of ${canary.requests} requests to the canary failed, ${stable.errors} of ${stable.requests} to the stable pods`;
  if (binomialTail(canary.errors, canary.requests, limit) < ALPHA)
    return { name: 'ErrorRate', verdict: 'Fail', ...figures, message };
  if (enough !== undefined) return { name: 'ErrorRate', verdict: 'Inconclusive', ...figures, message: enough };
  return { name: 'ErrorRate', verdict: ours <= limit ? 'Pass' : 'Inconclusive', ...figures, message };
}

function latency(canary: PodCounters, stable: PodCounters, limits: Limits): AnalysisCheck {
  const enough = requireRequests(canary.requests, stable.requests, limits);
  const theirs = histogramQuantile(stable, 1 - SLOW_SHARE);
  const ours = histogramQuantile(canary, 1 - SLOW_SHARE);
  const figures = { canary: rounded(ours), stable: rounded(theirs) };
  // A stable p95 of few requests is too inexact to compare with.
  if (stable.requests < limits.minRequests)
    return { name: 'Latency', verdict: 'Inconclusive', ...figures, message: enough ?? '' };
  const asked = Math.max(theirs * limits.maxP95Ratio, limits.p95FloorSeconds);
  // A histogram has only its edges: the limit is the next edge.
  const edge = latencyEdges.findIndex((upper) => upper >= asked);
  const last = latencyEdges.at(-1) ?? 0;
  const limit = latencyEdges[edge] ?? last;
  const slower = ({ latency, requests }: PodCounters) =>
    1 - ratio(latency[edge < 0 ? latencyEdges.length - 1 : edge] ?? 0, requests);
  const slow = slower(canary);
  const message = `p95 of the canary is ${milliseconds(ours)}, of the stable pods ${milliseconds(theirs)}; ${percent(slow)} of the canary's requests took longer than ${milliseconds(limit)}`;
  const result = { name: 'Latency' as const, ...figures, limit: rounded(limit), message };
  if (edge < 0 && slow > SLOW_SHARE) {
    // Beyond the last edge a histogram tells how often, not how slow: worth something while most requests are below it.
    const slowStable = slower(stable);
    const isAsFast = enough === undefined && slow <= slowStable && slowStable < 0.5;
    const comparison = `the histogram ends there, and of the stable pods' requests ${percent(slowStable)} took longer too`;
    return { ...result, verdict: isAsFast ? 'Pass' : 'Inconclusive', message: `${message}; ${comparison}` };
  }
  if (edge >= 0 && binomialTail(Math.round(slow * canary.requests), canary.requests, SLOW_SHARE) < ALPHA)
    return { ...result, verdict: 'Fail' };
  if (enough !== undefined) return { ...result, verdict: 'Inconclusive', message: enough };
  return { ...result, verdict: slow <= SLOW_SHARE ? 'Pass' : 'Inconclusive' };
}

function predictions(canary: PodCounters, stable: PodCounters, limits: Limits): AnalysisCheck {
  const [ours, theirs] = [total(canary.labels), total(stable.labels)];
  const enough = requireRequests(ours, theirs, limits, 'predictions');
  const labels = [...new Set([...Object.keys(canary.labels), ...Object.keys(stable.labels)])];
  const shares = labels.map((label) => {
    const [a, b] = [canary.labels[label] ?? 0, stable.labels[label] ?? 0];
    return { label, a: ratio(a, ours), b: ratio(b, theirs), pooled: ratio(a + b, ours + theirs) };
  });
  // Total variation distance, and how far chance alone moves it: half the sum of the labels' standard errors.
  const shift = shares.reduce((sum, { a, b }) => sum + Math.abs(a - b), 0) / 2;
  const noise =
    shares.reduce((sum, { pooled }) => sum + Math.sqrt(pooled * (1 - pooled) * (1 / ours + 1 / theirs)), 0) / 2;
  const largest = shares.toSorted((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b))[0];
  const message =
    largest === undefined
      ? 'nothing was predicted yet'
      : `the canary answers "${largest.label}" to ${percent(largest.a)} of ${ours} images, the stable pods to ${percent(largest.b)} of ${theirs}`;
  const result = { name: 'Predictions' as const, canary: rounded(shift), limit: limits.maxLabelShift, message };
  if (ours > 0 && theirs > 0 && shift - Z * noise > limits.maxLabelShift) return { ...result, verdict: 'Fail' };
  if (enough !== undefined) return { ...result, verdict: 'Inconclusive', message: enough };
  return { ...result, verdict: shift <= limits.maxLabelShift ? 'Pass' : 'Inconclusive' };
}

/** What is missing; undefined when both tracks answered enough. */
function requireRequests(ours: number, theirs: number, { minRequests }: Limits, what = 'requests'): string | undefined {
  if (ours >= minRequests && theirs >= minRequests) return undefined;
  return `the canary answered ${ours} and the stable pods ${theirs} ${what} in this step; each needs ${minRequests}`;
}

/**
 * How likely `count` or more of `of` are when each happens with probability `share`: the exact one-sided binomial test.
 * The normal approximation finds too many failures where the numbers are small.
 */
export function binomialTail(count: number, of: number, share: number): number {
  if (count <= 0) return 1;
  if (share <= 0) return 0;
  if (share >= 1) return 1;
  // Terms from `of` down to `count`, by their ratio, from the logarithm of the first: none of them overflows.
  let logTerm = of * Math.log(share);
  let sum = Math.exp(logTerm);
  for (let successes = of - 1; successes >= count; successes -= 1) {
    logTerm += Math.log((successes + 1) / (of - successes)) + Math.log((1 - share) / share);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/** A quantile of latency in seconds, linear within its bucket as PromQL's histogram_quantile; the last edge at most. */
export function histogramQuantile({ latency, requests }: PodCounters, q: number): number {
  const rank = q * requests;
  const index = latency.findIndex((count) => count >= rank);
  const upper = latencyEdges[index];
  if (requests === 0) return 0;
  if (upper === undefined) return latencyEdges.at(-1) ?? 0;
  const lower = latencyEdges[index - 1] ?? 0;
  const [below, upTo] = [latency[index - 1] ?? 0, latency[index] ?? 0];
  return upTo === below ? upper : lower + ((upper - lower) * (rank - below)) / (upTo - below);
}

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
const rounded = (value: number) => Math.round(value * 10_000) / 10_000;
const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
const milliseconds = (seconds: number) => `${Math.round(seconds * 1000)} ms`;
