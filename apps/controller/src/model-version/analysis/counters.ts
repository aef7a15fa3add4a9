import { inferenceMetrics, metricName, predictionEndpoints } from '@pawl/shared/telemetry/metric-names';

/** What one pod has counted since it started. Counters only rise; they restart from 0 with the process. */
export interface PodCounters {
  /** Answered requests for predictions. */
  readonly requests: number;
  /** Of these, answered with 5xx. */
  readonly errors: number;
  /** Requests at most as slow as each of {@link latencyEdges}, then all: cumulative, as Prometheus counts. */
  readonly latency: readonly number[];
  /** Predictions by label. */
  readonly labels: Readonly<Record<string, number>>;
}

/** Counters by pod uid, of both tracks. */
interface TrackCounters {
  readonly stable: Readonly<Record<string, PodCounters>>;
  readonly canary: Readonly<Record<string, PodCounters>>;
}

/** The counters of both tracks, read now. */
export interface Reading extends TrackCounters {
  /** Every ready pod answered. */
  readonly isComplete: boolean;
}

/** The counters when a step began, kept with the canary so that another controller can go on. */
export interface Baseline extends TrackCounters {
  /** From 1. */
  readonly step: number;
  /** Hash of the pod template of the canary then; another template is another canary. */
  readonly template: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Upper edges of the latency buckets, seconds; one more bucket holds the rest. */
export const latencyEdges: readonly number[] = inferenceMetrics.requestLatency.buckets;

/** A pod that has counted nothing. */
export const noCounters: PodCounters = {
  requests: 0,
  errors: 0,
  latency: [...latencyEdges, Infinity].map(() => 0),
  labels: {},
};

/**
 * What the pods of a track counted since the baseline, together. A new pod, or one whose counters fell (its process
 * restarted), counts from 0. A pod that is gone no longer counts.
 */
export function since(
  now: Readonly<Record<string, PodCounters>>,
  then: Readonly<Record<string, PodCounters>>,
): PodCounters {
  return Object.entries(now)
    .map(([uid, counters]) => {
      const before = then[uid];
      return before === undefined || counters.requests < before.requests ? counters : subtract(counters, before);
    })
    .reduce(add, noCounters);
}

const merge = (a: PodCounters['labels'], b: PodCounters['labels'], sign: 1 | -1) =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((label) => [
      label,
      (a[label] ?? 0) + sign * (b[label] ?? 0),
    ]),
  );

const combine = (a: PodCounters, b: PodCounters, sign: 1 | -1): PodCounters => ({
  requests: a.requests + sign * b.requests,
  errors: a.errors + sign * b.errors,
  latency: a.latency.map((value, index) => value + sign * (b.latency[index] ?? 0)),
  labels: merge(a.labels, b.labels, sign),
});
const add = (a: PodCounters, b: PodCounters) => combine(a, b, 1);
const subtract = (a: PodCounters, b: PodCounters) => combine(a, b, -1);

const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)/;
const labelPair = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the counters that the analysis needs from a pod's /metrics (Prometheus text format 0.0.4); other lines are
 * passed over.
 */
export function readCounters(text: string, model: string): PodCounters {
  const names = {
    requests: metricName(model, inferenceMetrics.requestTotal),
    latency: `${metricName(model, inferenceMetrics.requestLatency)}_bucket`,
    labels: metricName(model, inferenceMetrics.predictionLabel),
  };
  let [requests, errors] = [0, 0];
  const latency = noCounters.latency.map(() => 0);
  const labels: Record<string, number> = {};
  for (const line of text.split('\n')) {
    if (!line.startsWith(model)) continue;
    const [, name, pairs = '', number] = sample.exec(line) ?? [];
    const value = Number(number);
    if (!Number.isFinite(value)) continue;
    const of: Readonly<Record<string, string | undefined>> = Object.fromEntries(
      [...pairs.matchAll(labelPair)].map(([, key, text]) => [key ?? '', text]),
    );
    if (name === names.labels) labels[of['label'] ?? ''] = (labels[of['label'] ?? ''] ?? 0) + value;
    if (!predictionEndpoints.includes(of['endpoint'] ?? '')) continue;
    if (name === names.requests) {
      requests += value;
      if (of['status']?.startsWith('5') === true) errors += value;
    }
    if (name === names.latency) {
      const edge = of['le'] === '+Inf' ? latencyEdges.length : latencyEdges.indexOf(Number(of['le']));
      if (edge >= 0) latency[edge] = (latency[edge] ?? 0) + value;
    }
  }
  return { requests, errors, latency, labels };
}
