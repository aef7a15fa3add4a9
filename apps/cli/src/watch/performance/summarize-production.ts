import { shareInterval } from '@pawl/shared/statistics/share-interval';
import { sumOf, type Rise } from '../prometheus/increments.ts';
import { timeOf, type Period } from '../prometheus/period.ts';
import type { ModelIdentity, ServedModels } from '../prometheus/served-models.ts';
import { quantileOf } from './histogram.ts';
import type {
  Answers,
  MeasuredAccuracy,
  Moment,
  ProductionReport,
  Traffic,
  VersionReport,
} from './production-report.ts';

/** Counters of a model in a period. */
export interface ProductionCounters {
  /** By `status`. */
  readonly requests: readonly Rise[];
  /** By `le`. */
  readonly latencyBuckets: readonly Rise[];
  readonly latencySum: readonly Rise[];
  readonly latencyCount: readonly Rise[];
  /** By `label` that was answered. */
  readonly labels: readonly Rise[];
  readonly abstained: readonly Rise[];
  readonly confidenceSum: readonly Rise[];
  readonly confidenceCount: readonly Rise[];
  /** By `code`. */
  readonly refused: readonly Rise[];
  /** By `version`, true `label` and `correct`. */
  readonly feedback: readonly Rise[];
}

/** What else is known. */
export interface ProductionFacts {
  readonly model: string;
  readonly period: Period;
  readonly served: ServedModels;
  readonly models: readonly ModelIdentity[];
  /** By version. */
  readonly accuracyAtRelease: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

/** Pure: sums the counters of a period up. */
export function summarizeProduction(counters: ProductionCounters, facts: ProductionFacts): ProductionReport {
  const { model, period, models, accuracyAtRelease, warnings } = facts;
  const labels = new Set([...counters.labels, ...counters.feedback].map(({ labels: { label = '' } }) => label));
  const withLabel = (label: string) =>
    mapped(counters, (rises) => rises.filter(({ labels: of }) => of['label'] === label));
  const versions = models.map((one): VersionReport => {
    const own = ofModel(counters, one, facts);
    return {
      ...one,
      ...trafficOf(own),
      ...answersOf(own),
      measured: accuracyOf(own.feedback),
      accuracy_at_release: accuracyAtRelease.get(one.version) ?? null,
    };
  });
  return {
    model,
    since: timeOf(period, -1).toISOString(),
    until: timeOf(period, period.steps - 1).toISOString(),
    step_seconds: period.stepSeconds,
    ...trafficOf(counters),
    ...answersOf(counters),
    measured: accuracyOf(counters.feedback),
    by_label: Object.fromEntries(
      [...labels].sort().flatMap((label) => {
        const own = withLabel(label);
        const row = { ...answersOf(own), measured: accuracyOf(own.feedback) };
        // The service has a series for each label that feedback may name, used or not.
        return row.pictures + row.measured.answered > 0 ? [[label, row]] : [];
      }),
    ),
    versions: versions
      .filter(({ total_requests, pictures, measured }) => total_requests + pictures + measured.answered > 0)
      .sort((a, b) => b.total_requests - a.total_requests),
    refused_pictures: counted(byLabel(counters.refused, 'code')),
    warnings,
    timeline: timelineOf(counters, period),
  };
}

const total = (rises: readonly Rise[]): number =>
  rises.reduce((sum, { bySteps }) => bySteps.reduce((more, rise) => more + rise, sum), 0);

/** Sums by the values of a label. */
function byLabel(rises: readonly Rise[], name: string): Map<string, number> {
  const groups = Map.groupBy(rises, ({ labels }) => labels[name] ?? '');
  return new Map([...groups].map(([value, of]) => [value, total(of)]));
}

/** Those that are not 0, in order. */
const counted = (sums: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...sums].filter(([, sum]) => sum > 0).sort(([a], [b]) => (a < b ? -1 : 1)));

/** All counters, changed alike. */
function mapped(counters: ProductionCounters, change: (rises: readonly Rise[]) => readonly Rise[]): ProductionCounters {
  const entries = Object.entries(counters) as [keyof ProductionCounters, readonly Rise[]][];
  return Object.fromEntries(entries.map(([name, rises]) => [name, change(rises)])) as Record<
    keyof ProductionCounters,
    readonly Rise[]
  >;
}

/** The counters of one model: what its processes counted while they served it, and the feedback that names it. */
function ofModel(
  counters: ProductionCounters,
  { version, digest }: ModelIdentity,
  { served }: ProductionFacts,
): ProductionCounters {
  const own = (rise: Rise): Rise => ({
    ...rise,
    bySteps: rise.bySteps.map((value, step) => (value > 0 && served(rise.target, step)?.digest === digest ? value : 0)),
  });
  return {
    ...mapped(counters, (rises) => rises.map(own)),
    // Feedback comes weeks later, to whichever model serves by then.
    feedback: counters.feedback.filter(({ labels }) => labels['version'] === version),
  };
}

function trafficOf({ requests, latencyBuckets, latencySum, latencyCount }: ProductionCounters): Traffic {
  const byStatus = counted(byLabel(requests, 'status'));
  const count = (wanted: (status: string) => boolean) =>
    Object.entries(byStatus).reduce((sum, [status, times]) => (wanted(status) ? sum + times : sum), 0);
  const timed = total(latencyCount);
  const p95 = quantileOf(byLabel(latencyBuckets, 'le'), 0.95);
  return {
    total_requests: count(() => true),
    answered: count((status) => status.startsWith('2')),
    refused: count((status) => status.startsWith('4') && status !== '429'),
    throttled: count((status) => status === '429'),
    errors: count((status) => status.startsWith('5')),
    errors_by_code: Object.fromEntries(
      Object.entries(byStatus)
        .filter(([status]) => !status.startsWith('2'))
        .map(([status, times]) => [`HTTP_${status}`, times]),
    ),
    mean_latency_ms: timed === 0 ? null : round((total(latencySum) / timed) * 1000, 1),
    p95_latency_ms: p95 === undefined ? null : round(p95.value * 1000, 1),
    p95_is_beyond: p95?.beyond ?? false,
  };
}

function answersOf({ labels, abstained, confidenceSum, confidenceCount }: ProductionCounters): Answers {
  const answers = total(confidenceCount);
  return {
    pictures: total(labels),
    abstained: total(abstained),
    mean_confidence: answers === 0 ? null : round(total(confidenceSum) / answers, 4),
  };
}

function accuracyOf(feedback: readonly Rise[]): MeasuredAccuracy {
  const answered = total(feedback);
  const correct = total(feedback.filter(({ labels }) => labels['correct'] === 'true'));
  if (answered === 0) return { answered, correct, accuracy: null, interval: null };
  const { lower, upper } = shareInterval(correct, answered);
  return { answered, correct, accuracy: round(correct / answered, 4), interval: [round(lower, 4), round(upper, 4)] };
}

function timelineOf(counters: ProductionCounters, period: Period): Moment[] {
  const sum = (rises: readonly Rise[]) => sumOf(rises, period);
  const requests = sum(counters.requests);
  const errors = sum(counters.requests.filter(({ labels }) => labels['status']?.startsWith('5') === true));
  const [confidence, answered] = [sum(counters.confidenceSum), sum(counters.confidenceCount)];
  const feedback = sum(counters.feedback);
  const correct = sum(counters.feedback.filter(({ labels }) => labels['correct'] === 'true'));
  const buckets = [...Map.groupBy(counters.latencyBuckets, ({ labels }) => labels['le'] ?? '')].map(
    ([le, rises]) => [le, sum(rises)] as const,
  );
  return requests.map((count, step) => {
    const p95 = quantileOf(new Map(buckets.map(([le, of]) => [le, of[step] ?? 0])), 0.95);
    const answers = answered[step] ?? 0;
    return {
      at: timeOf(period, step).toISOString(),
      requests: count,
      errors: errors[step] ?? 0,
      p95_latency_ms: p95 === undefined ? null : round(p95.value * 1000, 1),
      mean_confidence: answers === 0 ? null : round((confidence[step] ?? 0) / answers, 4),
      feedback: feedback[step] ?? 0,
      correct: correct[step] ?? 0,
    };
  });
}

const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));
