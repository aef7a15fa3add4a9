import type { SimulationReport } from '../../service/report.ts';
import type { ProductionReport } from './production-report.ts';

/** What is known of a model after its deployment; at least one of both. */
export interface Performance {
  readonly production?: ProductionReport | undefined;
  readonly simulation?: SimulationReport | undefined;
}

/**
 * `monitoring/performance_report.json`: the fields of a simulation's report, from a simulation where there is one and from
 * production otherwise, and beside them all that is known of production.
 */
export interface PerformanceReport extends Omit<SimulationReport, 'photos' | 'seed' | 'concurrency'> {
  /** Where the fields of a simulation's report come from. */
  readonly source: 'simulation' | 'production';
  readonly photos: string | null;
  readonly seed: number | null;
  readonly concurrency: number | null;
  readonly production?: ProductionReport;
}

/** Pure: what is saved. @param prometheus address that production was asked from. */
export function performanceReport(
  { production, simulation }: Performance,
  prometheus: string | null,
): PerformanceReport {
  if (simulation !== undefined)
    return { ...simulation, source: 'simulation', ...(production !== undefined && { production }) };
  if (production === undefined) throw new TypeError('a report needs a source');
  return { ...asSimulation(production, prometheus ?? ''), source: 'production', production };
}

/** Production under the names of a simulation's report: accuracy is that of feedback. */
function asSimulation(production: ProductionReport, url: string): Omit<PerformanceReport, 'source'> {
  const { since, until, measured, by_label, versions } = production;
  const most = versions[0];
  return {
    started_at: since,
    seconds: (Date.parse(until) - Date.parse(since)) / 1000,
    url,
    photos: null,
    seed: null,
    concurrency: null,
    total_requests: production.total_requests,
    answered: production.answered,
    errors: production.errors,
    errors_by_code: production.errors_by_code,
    throttled: production.throttled,
    correct: measured.correct,
    accuracy: measured.accuracy,
    accuracy_by_label: Object.fromEntries(
      Object.entries(by_label).map(([label, { measured: of }]) => [
        label,
        { answered: of.answered, correct: of.correct, accuracy: of.accuracy },
      ]),
    ),
    mean_confidence: production.mean_confidence,
    mean_latency_ms: production.mean_latency_ms,
    p95_latency_ms: production.p95_latency_ms,
    abstained: production.abstained,
    model_version: most?.version ?? null,
    model_digest: most?.digest ?? null,
    models: versions.map(({ version, digest, measured: of }) => ({
      version,
      digest,
      answered: of.answered,
      correct: of.correct,
      accuracy: of.accuracy,
    })),
    requests: [],
  };
}
