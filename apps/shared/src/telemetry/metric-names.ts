/**
 * Names, helps, labels and buckets of the service's metrics that other programs query: the controller, for its analysis of
 * two tracks. A name is prefixed with the model's name: `catdog_request_total`. The other metrics are declared where the
 * service uses them.
 */
export const inferenceMetrics = {
  requestTotal: {
    suffix: 'request_total',
    help: 'Requests answered, by route template and HTTP status.',
    labels: ['endpoint', 'status'],
  },
  requestLatency: {
    suffix: 'request_latency_seconds',
    help: 'Time from the last byte of the request to the last byte of the answer.',
    labels: ['endpoint'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  },
  predictionLabel: {
    suffix: 'prediction_label_total',
    help: 'Images classified, by the label that was answered.',
    labels: ['label'],
  },
  stage: {
    suffix: 'stage_total',
    help: 'Images by the graph that answered, where the model has two: first (it was sure) or final.',
    labels: ['stage'],
  },
  driftBin: {
    suffix: 'drift_bin_total',
    help: 'Images by the bin of a statistic of the reference: 0 to 9 of a number, from the smallest on, or a label.',
    labels: ['statistic', 'bin'],
  },
} as const;

/** Full name of a metric for a model. */
export const metricName = (model: string, metric: { readonly suffix: string }): string => `${model}_${metric.suffix}`;

/** Values of the label `endpoint` that are predictions, not probes or pages. */
export const predictionEndpoints: readonly string[] = ['/predict', '/predict/batch'];
