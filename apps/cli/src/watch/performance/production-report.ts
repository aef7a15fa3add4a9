/** The report of a model after its deployment, as it is saved: names as in the report of a simulation. */
import type { Tally } from '../../service/report.ts';

/** A share of labelled pictures that were answered rightly, and what it may well be. */
export interface MeasuredAccuracy extends Tally {
  /** Clopper and Pearson's interval, 95 %; null where nothing was labelled. */
  readonly interval: readonly [lower: number, upper: number] | null;
}

/** How requests went, of all of them or of some. */
export interface Traffic {
  readonly total_requests: number;
  /** HTTP 2xx. */
  readonly answered: number;
  /** HTTP 4xx but 429: the request's own fault. */
  readonly refused: number;
  /** HTTP 429: asked to come again. */
  readonly throttled: number;
  /** HTTP 5xx. */
  readonly errors: number;
  /** By `HTTP_<status>`, all but 2xx. */
  readonly errors_by_code: Readonly<Record<string, number>>;
  /** From the last byte of a request to the last of its answer, of all requests; null where there were none. */
  readonly mean_latency_ms: number | null;
  /** Within the histogram's bucket as if latencies were spread evenly there. */
  readonly p95_latency_ms: number | null;
  /** Whether the p95 lies beyond the last bucket; `p95_latency_ms` is then the least that it is. */
  readonly p95_is_beyond: boolean;
}

/** How pictures were answered, of all of them or of some. */
export interface Answers {
  readonly pictures: number;
  /** Which said "probably none of the labels". */
  readonly abstained: number;
  /** Of the answered label; of a calibrated model it estimates the accuracy without any feedback. */
  readonly mean_confidence: number | null;
}

/** One model of a period. */
export interface VersionReport extends Traffic, Answers {
  readonly version: string;
  readonly digest: string;
  /** By the feedback on its answers. */
  readonly measured: MeasuredAccuracy;
  /** On the pictures that it was released with; null where nobody says. */
  readonly accuracy_at_release: number | null;
}

/** One label of a period. */
interface LabelReport extends Answers {
  /** Of the pictures whose true label it is, by feedback. */
  readonly measured: MeasuredAccuracy;
}

/** What was so in one step of a period. */
export interface Moment {
  /** ISO 8601, the end of the step. */
  readonly at: string;
  readonly requests: number;
  readonly errors: number;
  readonly p95_latency_ms: number | null;
  readonly mean_confidence: number | null;
  readonly feedback: number;
  readonly correct: number;
}

/** What Prometheus knows of a model in production. */
export interface ProductionReport extends Traffic, Answers {
  readonly model: string;
  /** ISO 8601. */
  readonly since: string;
  readonly until: string;
  readonly step_seconds: number;
  readonly measured: MeasuredAccuracy;
  readonly by_label: Readonly<Record<string, LabelReport>>;
  /** The one that answered most requests first. */
  readonly versions: readonly VersionReport[];
  /** Pictures that were not classified, by error code. */
  readonly refused_pictures: Readonly<Record<string, number>>;
  /** What this report lacks, in the words of Prometheus. */
  readonly warnings: readonly string[];
  readonly timeline: readonly Moment[];
}
