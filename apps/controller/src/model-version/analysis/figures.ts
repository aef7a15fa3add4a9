import type { AnalysisCheck } from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { Counted } from './comparison.ts';
import { latencyEdges } from './counters.ts';
import { SLOW_SHARE, slowerThan } from './evidence.ts';
import { histogramQuantile } from './tally.ts';

type Limits = RolloutPolicy['analysis'];

/** What a check compares, as seen: an estimate, which the limit is compared with for passing. */
export interface Figure {
  readonly name: AnalysisCheck['name'];
  readonly figures: Pick<AnalysisCheck, 'canary' | 'stable' | 'limit'>;
  readonly isWithin: boolean;
  /** What has to be counted before it may pass; undefined when it is enough. */
  readonly missing?: string | undefined;
  /** The comparison in words. */
  readonly message: string;
}

/** The figure of a check. @param labels names of the labels that are told apart */
export function figureOf(
  name: AnalysisCheck['name'],
  counted: Counted,
  labels: readonly string[],
  limits: Limits,
): Figure {
  return { ErrorRate: errorRate, Latency: latency, Predictions: predictions }[name](counted, limits, labels);
}

function errorRate({ canary, stable }: Counted, limits: Limits): Figure {
  const ours = ratio(canary.errors, canary.requests);
  const theirs = ratio(stable.errors, stable.requests);
  const limit = theirs + limits.maxErrorRateIncrease;
  return {
    name: 'ErrorRate',
    figures: { canary: rounded(ours), stable: rounded(theirs), limit: rounded(limit) },
    isWithin: ours <= limit,
    missing: missing(canary.requests, stable.requests, limits),
    message: `${canary.errors} of ${canary.requests} requests to the canary failed, ${stable.errors} of ${stable.requests} to the stable pods`,
  };
}

function latency({ canary, stable }: Counted, limits: Limits): Figure {
  const theirs = histogramQuantile(stable, 1 - SLOW_SHARE);
  const ours = histogramQuantile(canary, 1 - SLOW_SHARE);
  const asked = Math.max(theirs * limits.maxP95Ratio, limits.p95FloorSeconds);
  // A histogram has only its edges: the limit is the next edge.
  const next = latencyEdges.findIndex((upper) => upper >= asked);
  const edge = next < 0 ? latencyEdges.length - 1 : next;
  const limit = latencyEdges[edge] ?? 0;
  const slow = shareOf(slowerThan(canary, edge));
  const slowStable = shareOf(slowerThan(stable, edge));
  const message = `p95 of the canary is ${milliseconds(ours)}, of the stable pods ${milliseconds(theirs)}; ${percent(slow)} of the canary's requests took longer than ${milliseconds(limit)}`;
  // Beyond the last edge a histogram tells how often, not how slow: worth something while most requests are below it.
  const isBeyond = next < 0 && slow > SLOW_SHARE;
  return {
    name: 'Latency',
    figures: { canary: rounded(ours), stable: rounded(theirs), limit: rounded(limit) },
    isWithin: isBeyond ? slow <= slowStable && slowStable < 0.5 : slow <= SLOW_SHARE,
    missing: missing(canary.requests, stable.requests, limits),
    message: isBeyond
      ? `${message}; the histogram ends there, and of the stable pods' requests ${percent(slowStable)} took longer too`
      : message,
  };
}

function predictions({ canary, stable }: Counted, limits: Limits, labels: readonly string[]): Figure {
  const [ours, theirs] = [total(canary.labels), total(stable.labels)];
  const shares = canary.labels.map((count, i) => ({
    label: labels[i] === undefined ? 'any other label' : `"${labels[i]}"`,
    a: ratio(count, ours),
    b: ratio(stable.labels[i] ?? 0, theirs),
  }));
  // Total variation distance.
  const shift = shares.reduce((sum, { a, b }) => sum + Math.abs(a - b), 0) / 2;
  const largest = shares.toSorted((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b))[0];
  return {
    name: 'Predictions',
    figures: { canary: rounded(shift), limit: limits.maxLabelShift },
    isWithin: shift <= limits.maxLabelShift,
    missing: missing(ours, theirs, limits, 'predictions'),
    message:
      largest === undefined || ours + theirs === 0
        ? 'nothing was predicted yet'
        : `the canary answers ${largest.label} to ${percent(largest.a)} of ${ours} images, the stable pods to ${percent(largest.b)} of ${theirs}`,
  };
}

/** What is missing; undefined when both tracks answered enough. */
function missing(ours: number, theirs: number, { minRequests }: Limits, what = 'requests'): string | undefined {
  if (ours >= minRequests && theirs >= minRequests) return undefined;
  return `the canary answered ${ours} and the stable pods ${theirs} ${what} in this step; each needs ${minRequests}`;
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
const shareOf = ({ count, of }: { readonly count: number; readonly of: number }) => ratio(count, of);
const rounded = (value: number) => Math.round(value * 10_000) / 10_000;
const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
const milliseconds = (seconds: number) => `${Math.round(seconds * 1000)} ms`;
