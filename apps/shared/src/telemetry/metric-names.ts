/**
 * Names, helps, labels and buckets of the service's metrics, shared with the rules and dashboards that query them. A name
 * is prefixed with the model's name: `catdog_request_total`.
 */
export const inferenceMetrics = {
  requestTotal: {
    suffix: 'request_total',
    help: 'Requests answered, by route template and HTTP status.',
    labels: ['endpoint', 'status'],
  },
  requestLatency: {
    suffix: 'request_latency_seconds',
    help: 'Time from the request line to the last byte of the answer.',
    labels: ['endpoint'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  },
  predictionLabel: {
    suffix: 'prediction_label_total',
    help: 'Images classified, by the label that was answered.',
    labels: ['label'],
  },
  abstained: {
    suffix: 'abstained_total',
    help: 'Images that are probably none of the labels, by the label that was answered nevertheless.',
    labels: ['label'],
  },
  imageRefused: {
    suffix: 'image_refused_total',
    help: 'Images that were not classified, by error code.',
    labels: ['code'],
  },
  stageDuration: {
    suffix: 'stage_duration_seconds',
    help: 'Time of one image in a stage: queue (waiting for a worker), decode, infer.',
    labels: ['stage'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  confidence: {
    suffix: 'prediction_confidence',
    help: 'Probability of the answered label.',
    labels: ['label'],
    buckets: [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1],
  },
  queueDepth: { suffix: 'queue_depth', help: 'Images that wait for a worker.', labels: [] },
  imagesInFlight: { suffix: 'images_in_flight', help: 'Images that workers hold.', labels: [] },
  workersReady: { suffix: 'workers_ready', help: 'Worker threads that take images.', labels: [] },
  workerDeaths: { suffix: 'worker_deaths', help: 'Worker threads that died and were replaced.', labels: [] },
  uploadBytes: { suffix: 'upload_buffered_bytes', help: 'Bytes of uploads held in memory.', labels: [] },
  modelInfo: {
    suffix: 'model_info',
    help: '1 for the model that is served, by version and bundle digest.',
    labels: ['version', 'digest'],
  },
  modelReady: {
    suffix: 'model_ready',
    help: '1 while the model is verified, warm and answers as expected.',
    labels: [],
  },
} as const;

/** Full name of a metric for a model. */
export const metricName = (model: string, metric: { readonly suffix: string }): string => `${model}_${metric.suffix}`;

/** Values of the label `endpoint` that are predictions, not probes or pages. */
export const predictionEndpoints: readonly string[] = ['/predict', '/predict/batch'];
