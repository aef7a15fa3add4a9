/** What became of one request of a simulation, as the report holds it. */
export interface RequestRecord {
  /** From 1, in the order of sending. */
  readonly index: number;
  readonly file: string;
  readonly true_label: string;
  /** Null when the request got no answer. */
  readonly predicted_label: string | null;
  /** Probability of the predicted label, 0..1. */
  readonly confidence: number | null;
  /** Milliseconds from the first byte sent to the last received, of the last attempt; waits before it are not in it. */
  readonly latency_ms: number;
  readonly correct: boolean;
  readonly abstained?: boolean;
  readonly model_version?: string;
  readonly model_digest?: string;
  /** How often it was sent: 1, and once more for each time that the service asked to wait. */
  readonly attempts: number;
  /** Why there is no answer. */
  readonly error?: { readonly code: string; readonly status: number | null; readonly message: string };
}

/** How well one label, or one model, did. */
export interface Tally {
  /** Requests that were answered. */
  readonly answered: number;
  readonly correct: number;
  /** Of the answered; null when there are none. */
  readonly accuracy: number | null;
}

/** `monitoring/performance_report.json`. */
export interface SimulationReport {
  /** ISO 8601, of the first request. */
  readonly started_at: string;
  readonly seconds: number;
  readonly url: string;
  readonly photos: string;
  readonly seed: number;
  readonly concurrency: number;
  readonly total_requests: number;
  readonly answered: number;
  readonly errors: number;
  readonly errors_by_code: Readonly<Record<string, number>>;
  /** How often the service asked to wait (HTTP 429 or 503 with Retry-After), and was. */
  readonly throttled: number;
  readonly correct: number;
  /** Of the answered requests; an abstention counts by the label it bears. Null when there are none. */
  readonly accuracy: number | null;
  readonly accuracy_by_label: Readonly<Record<string, Tally>>;
  readonly mean_confidence: number | null;
  /** Of the answered requests, as everything below. */
  readonly mean_latency_ms: number | null;
  readonly p95_latency_ms: number | null;
  /** Answers that said "probably none of the labels"; only of models that can. */
  readonly abstained?: number;
  /** Of the model that answered most. */
  readonly model_version: string | null;
  readonly model_digest: string | null;
  /** Every model that answered: during a rollout there are two. */
  readonly models: readonly (Tally & { readonly version: string; readonly digest: string })[];
  readonly requests: readonly RequestRecord[];
}

/** What is known before the first request. */
export type SimulationFacts = Pick<
  SimulationReport,
  'started_at' | 'seconds' | 'url' | 'photos' | 'seed' | 'concurrency'
>;

/** Sums records up; pure. */
export function summarizeRequests(facts: SimulationFacts, records: readonly RequestRecord[]): SimulationReport {
  const requests = records.toSorted((a, b) => a.index - b.index);
  const answered = requests.filter(({ error }) => error === undefined);
  const failed = requests.filter(({ error }) => error !== undefined);
  const latencies = answered.map(({ latency_ms }) => latency_ms);
  const models = tallyModels(answered);
  const most = models[0];
  const abstaining = answered.filter(({ abstained }) => abstained !== undefined);
  return {
    ...facts,
    total_requests: requests.length,
    answered: answered.length,
    errors: failed.length,
    errors_by_code: countBy(failed, ({ error }) => error?.code ?? ''),
    throttled: requests.reduce((sum, { attempts }) => sum + attempts - 1, 0),
    correct: tally(answered).correct,
    accuracy: tally(answered).accuracy,
    accuracy_by_label: Object.fromEntries(
      [...groupBy(requests, ({ true_label }) => true_label)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([label, of]) => [label, tally(of.filter(({ error }) => error === undefined))]),
    ),
    mean_confidence: round(mean(answered.map(({ confidence }) => confidence ?? 0)), 4),
    mean_latency_ms: round(mean(latencies), 1),
    p95_latency_ms: round(quantile(latencies, 0.95), 1),
    ...(abstaining.length > 0 && { abstained: abstaining.filter(({ abstained }) => abstained).length }),
    model_version: most?.version ?? null,
    model_digest: most?.digest ?? null,
    models,
    requests,
  };
}

function tally(answered: readonly RequestRecord[]): Tally {
  const correct = answered.filter((record) => record.correct).length;
  return {
    answered: answered.length,
    correct,
    accuracy: round(mean(answered.map((record) => Number(record.correct))), 4),
  };
}

function tallyModels(answered: readonly RequestRecord[]): SimulationReport['models'] {
  const named = answered.filter(({ model_digest }) => model_digest !== undefined);
  return [...groupBy(named, ({ model_digest }) => model_digest ?? '').values()]
    .map((of) => ({ version: of[0]?.model_version ?? '', digest: of[0]?.model_digest ?? '', ...tally(of) }))
    .sort((a, b) => b.answered - a.answered);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, key);
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  return Object.fromEntries([...groupBy(items, key)].map(([name, of]) => [name, of.length]));
}

function mean(sample: readonly number[]): number | null {
  return sample.length === 0 ? null : sample.reduce((a, b) => a + b, 0) / sample.length;
}

/** To so many decimals. */
function round(value: number | null, decimals: number): number | null {
  return value === null ? null : Number(value.toFixed(decimals));
}

/** The smallest value that at least `share` of the sample do not exceed (nearest rank); null for an empty sample. */
export function quantile(sample: readonly number[], share: number): number | null {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
