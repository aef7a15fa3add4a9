import { inferenceMetrics, predictionEndpoints } from '@pawl/shared/telemetry/metric-names';
import { labelOf } from '../prometheus/increments.ts';
import type { Period } from '../prometheus/period.ts';
import type { PrometheusClient } from '../prometheus/prometheus-client.ts';
import { metricsReader, noSuchModel } from '../prometheus/read-metrics.ts';
import type { Scope } from '../prometheus/selector.ts';
import { modelsIn, servedModels } from '../prometheus/served-models.ts';
import type { ProductionReport } from './production-report.ts';
import { summarizeProduction } from './summarize-production.ts';

/**
 * Asks Prometheus for all that the report says of production.
 *
 * @throws CliError METRICS_NOT_FOUND; as `PrometheusClient.range`.
 */
export async function readProduction(
  client: PrometheusClient,
  scope: Scope,
  period: Period,
): Promise<ProductionReport> {
  const reader = metricsReader(client, scope, period);
  const info = await reader.values('model_info');
  const { requestTotal, requestLatency, predictionLabel } = inferenceMetrics;
  const suffixes = {
    requests: requestTotal.suffix,
    latencyBuckets: `${requestLatency.suffix}_bucket`,
    latencySum: `${requestLatency.suffix}_sum`,
    latencyCount: `${requestLatency.suffix}_count`,
    labels: predictionLabel.suffix,
    abstained: 'abstained_total',
    confidenceSum: 'prediction_confidence_sum',
    confidenceCount: 'prediction_confidence_count',
    refused: 'image_refused_total',
    feedback: 'feedback_total',
  };
  const names = ['endpoint', 'status', 'le', 'label', 'code', 'version', 'correct'];
  const rises = await reader.rises(Object.values(suffixes), names);
  const named = (suffix: string) => rises.filter(({ metric }) => metric === `${scope.model}_${suffix}`);
  const ofPredictions = (suffix: string) =>
    named(suffix).filter(({ labels }) => predictionEndpoints.includes(labels['endpoint'] ?? ''));
  const counters = {
    requests: ofPredictions(suffixes.requests),
    latencyBuckets: ofPredictions(suffixes.latencyBuckets),
    latencySum: ofPredictions(suffixes.latencySum),
    latencyCount: ofPredictions(suffixes.latencyCount),
    labels: named(suffixes.labels),
    abstained: named(suffixes.abstained),
    confidenceSum: named(suffixes.confidenceSum),
    confidenceCount: named(suffixes.confidenceCount),
    refused: named(suffixes.refused),
    feedback: named(suffixes.feedback),
  };
  if (info.length === 0 && counters.requests.length === 0) throw await noSuchModel(client, scope, period);
  const atRelease = await reader.latest('accuracy_at_release');
  return summarizeProduction(counters, {
    model: scope.model,
    period,
    served: servedModels(info, period),
    models: modelsIn(info),
    accuracyAtRelease: new Map(
      atRelease.map(({ labels, points }) => [labelOf(labels, 'version'), points.at(-1)?.[1] ?? NaN]),
    ),
    warnings: client.warnings,
  });
}
