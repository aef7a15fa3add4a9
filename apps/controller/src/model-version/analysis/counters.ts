import { boundedText } from '@pawl/shared/modelversion/bounded-text';
import { inferenceMetrics, metricName, predictionEndpoints } from '@pawl/shared/telemetry/metric-names';

/** What one process of the service has counted since it started. Counters only rise. */
export interface ProcessCounters {
  /** When the process started, seconds since the epoch: another life has counters of its own. 0 when it does not say. */
  readonly startedAt: number;
  /** Answered requests for predictions. */
  readonly requests: number;
  /** Of these, answered with 5xx. */
  readonly errors: number;
  /** Requests at most as slow as each of {@link latencyEdges}, then all: cumulative, as Prometheus counts. */
  readonly latency: readonly number[];
  /** Predictions by label. */
  readonly labels: Readonly<Record<string, number>>;
}

/** By pod uid. */
export type TrackReading = Readonly<Record<string, ProcessCounters>>;

/** The counters of both tracks, read now. */
export interface Reading {
  readonly stable: TrackReading;
  readonly canary: TrackReading;
  /** Every pod that was asked answered. */
  readonly isComplete: boolean;
  /** Why one did not, in its own words. */
  readonly failure?: string | undefined;
}

/** Upper edges of the latency buckets, seconds; one more bucket holds the rest. */
export const latencyEdges: readonly number[] = inferenceMetrics.requestLatency.buckets;

/** A process that has counted nothing. */
export const noCounters: ProcessCounters = {
  startedAt: 0,
  requests: 0,
  errors: 0,
  latency: [...latencyEdges, Infinity].map(() => 0),
  labels: {},
};

const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)/;
/** Sticky, so that a line that is none of ours is not searched from each of its characters. */
const labelPair = /\s*(\w+)="((?:[^"\\]|\\.)*)"\s*,?/gy;
/** Longest label that is told apart; a label of a manifest is shorter. */
const LONGEST_LABEL = 63;
const START = 'process_start_time_seconds';

/**
 * Reads the counters that the analysis needs from a pod's /metrics (Prometheus text format 0.0.4); other lines are
 * passed over.
 */
export function readCounters(text: string, model: string): ProcessCounters {
  const names = {
    requests: metricName(model, inferenceMetrics.requestTotal),
    latency: `${metricName(model, inferenceMetrics.requestLatency)}_bucket`,
    labels: metricName(model, inferenceMetrics.predictionLabel),
  };
  let [startedAt, requests, errors] = [0, 0, 0];
  const latency = noCounters.latency.map(() => 0);
  const labels = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(model) && !line.startsWith(START)) continue;
    const [, name, pairs = '', number] = sample.exec(line) ?? [];
    const value = Number(number);
    // A count that no process reaches would not fit into what is kept of it.
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) continue;
    if (name === START) startedAt = value;
    const of: Readonly<Record<string, string | undefined>> = Object.fromEntries(
      [...pairs.matchAll(labelPair)].map(([, key, text]) => [key ?? '', text]),
    );
    if (name === names.labels) {
      const label = boundedText(of['label'] ?? '', LONGEST_LABEL);
      labels.set(label, (labels.get(label) ?? 0) + value);
    }
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
  return { startedAt, requests, errors, latency, labels: Object.fromEntries(labels) };
}
