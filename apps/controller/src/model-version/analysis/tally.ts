import { latencyEdges, type ProcessCounters } from './counters.ts';

/** What several processes counted together in some time, with labels in an order that is kept beside it. */
export interface Tally {
  readonly requests: number;
  /** Of these, answered with 5xx. */
  readonly errors: number;
  /** Cumulative by {@link latencyEdges}, then all. */
  readonly latency: readonly number[];
  /** Predictions by label; the last one is of all labels that are not told apart. */
  readonly labels: readonly number[];
}

/** Nothing yet. @param labels how many are told apart. */
export const noTally = (labels: number): Tally => ({
  requests: 0,
  errors: 0,
  latency: Array<number>(latencyEdges.length + 1).fill(0),
  labels: Array<number>(labels + 1).fill(0),
});

const combine = (a: Tally, b: Tally, sign: 1 | -1): Tally => ({
  requests: a.requests + sign * b.requests,
  errors: a.errors + sign * b.errors,
  latency: a.latency.map((count, i) => count + sign * (b.latency[i] ?? 0)),
  labels: a.labels.map((count, i) => count + sign * (b.labels[i] ?? 0)),
});

export const add = (a: Tally, b: Tally): Tally => combine(a, b, 1);
export const subtract = (a: Tally, b: Tally): Tally => combine(a, b, -1);

/** Whether any count of `a` is below that of `b`, which counters of one life never are. */
export const hasFallen = (a: Tally, b: Tally): boolean =>
  a.requests < b.requests ||
  a.errors < b.errors ||
  a.latency.some((count, i) => count < (b.latency[i] ?? 0)) ||
  a.labels.some((count, i) => count < (b.labels[i] ?? 0));

/** Counters of a process with only some labels told apart. */
export function tallyOf({ requests, errors, latency, labels }: ProcessCounters, toldApart: readonly string[]): Tally {
  const kept = toldApart.map((label) => (Object.hasOwn(labels, label) ? (labels[label] ?? 0) : 0));
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return { requests, errors, latency, labels: [...kept, sum(Object.values(labels)) - sum(kept)] };
}

/** A quantile of latency in seconds, linear within its bucket as PromQL's histogram_quantile; the last edge at most. */
export function histogramQuantile({ latency, requests }: Pick<Tally, 'latency' | 'requests'>, q: number): number {
  const rank = q * requests;
  const index = latency.findIndex((count) => count >= rank);
  const upper = latencyEdges[index];
  if (requests === 0) return 0;
  if (upper === undefined) return latencyEdges.at(-1) ?? 0;
  const lower = latencyEdges[index - 1] ?? 0;
  const [below, upTo] = [latency[index - 1] ?? 0, latency[index] ?? 0];
  return upTo === below ? upper : lower + ((upper - lower) * (rank - below)) / (upTo - below);
}
