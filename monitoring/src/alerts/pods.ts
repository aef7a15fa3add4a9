import { type Alert, atLeast, type MakeGroup, PERCENT, series, share, WHERE } from '../rule.ts';
import { predictions, type RuleSettings } from '../settings.ts';

const TRACK = 'namespace, track';

/** The pods of the service: what serves, what waits, what dies. */
export const pods: MakeGroup = (settings) => ({
  name: `${settings.model}-pods`,
  records: [],
  alerts: [
    modelMissing(settings),
    weightsDiffer(settings),
    canaryErrors(settings),
    requestsTurnedAway(settings),
    queueSlow(settings),
    ...deaths(settings),
    predictionLogLosing(settings),
  ],
});

const modelMissing = (settings: RuleSettings): Alert => ({
  name: 'PawlModelMissing',
  severity: 'critical',
  expr: `absent(${series(settings)('model_ready')} == 1)`,
  for: '5m',
  when: 'No pod says that its model is ready: every prediction fails, or Prometheus reaches no pod.',
  summary: `No pod serves ${settings.model}.`,
});

const weightsDiffer = (settings: RuleSettings): Alert => ({
  name: 'PawlWeightsDiffer',
  severity: 'warning',
  expr: `count by (${TRACK}) (count by (${TRACK}, digest) (${series(settings)('model_info')})) > 1`,
  // A promotion replaces pods, so old and new weights serve side by side for some minutes.
  for: '30m',
  when: 'Pods of one track serve different weights, for longer than a promotion takes.',
  summary: `Pods of ${settings.model}${WHERE} serve {{ $value }} different bundles.`,
});

function canaryErrors(settings: RuleSettings): Alert {
  const all = series(settings)('request_total', predictions, 'track="canary"');
  const failed = series(settings)('request_total', predictions, 'track="canary"', 'status=~"5.."');
  return {
    name: 'PawlCanaryErrors',
    severity: 'warning',
    expr: `${share('namespace', failed, all, '5m')} > 0.05\nand\n${atLeast('namespace', failed, '5m', 5)}`,
    for: '1m',
    when: 'More than 5 % of the predictions of canary pods fail with 5xx.',
    summary: `${PERCENT} of the predictions of the canary of ${settings.model}${WHERE} fail with 5xx.`,
    description: 'The controller compares it with the stable pods and takes it back when the difference is no chance.',
  };
}

function requestsTurnedAway(settings: RuleSettings): Alert {
  const all = series(settings)('request_total', predictions);
  const refused = series(settings)('request_total', predictions, 'status="429"');
  return {
    name: 'PawlRequestsTurnedAway',
    severity: 'warning',
    expr: `${share('namespace', refused, all, '10m')} > 0.01\nand\n${atLeast('namespace', refused, '10m', 10)}`,
    for: '10m',
    when: 'More than 1 % of the predictions are turned away with 429: the queue is full, or a client exceeds its limits.',
    summary: `${PERCENT} of the predictions of ${settings.model}${WHERE} are turned away with 429.`,
  };
}

const queueSlow = (settings: RuleSettings): Alert => ({
  name: 'PawlQueueSlow',
  severity: 'warning',
  expr: `histogram_quantile(0.95, sum by (${TRACK}, le) (rate(${series(settings)('stage_duration_seconds_bucket', 'stage="queue"')}[10m]))) > 0.25`,
  for: '10m',
  when: 'One image in twenty waits for a worker for longer than a quarter of a second.',
  summary: `One image in twenty waits {{ $value | humanizeDuration }} or longer for a worker of ${settings.model}${WHERE}.`,
});

function deaths(settings: RuleSettings): readonly Alert[] {
  // Gauges by type, for they are read from the pool; they only rise, so increase() is right for them.
  const increase = (suffix: string) => `sum by (${TRACK}) (increase(${series(settings)(suffix)}[30m]))`;
  return [
    {
      name: 'PawlWorkersDying',
      severity: 'warning',
      expr: `${increase('worker_deaths')} >= 3`,
      for: '5m',
      when: 'Three or more worker threads died in half an hour.',
      summary: `{{ $value | humanize }} workers of ${settings.model}${WHERE} died in half an hour.`,
    },
    {
      name: 'PawlDecodersDying',
      severity: 'warning',
      expr: `${increase('decoder_deaths')} >= 6`,
      for: '5m',
      when: 'Six or more processes that decode images ended in half an hour.',
      summary: `{{ $value | humanize }} decoders of ${settings.model}${WHERE} ended in half an hour.`,
      description: 'Each one costs the answer of one image. Many of them are an attack, or a fault in a decoder.',
    },
  ];
}

const predictionLogLosing = (settings: RuleSettings): Alert => ({
  name: 'PawlPredictionLogLosing',
  severity: 'warning',
  expr: `sum by (namespace, outcome) (increase(${series(settings)('prediction_log_total', 'outcome=~"dropped|failed"')}[15m])) > 0`,
  for: '15m',
  when: 'Entries of the prediction log are dropped or cannot be written.',
  summary: `{{ $value | humanize }} entries of the prediction log of ${settings.model}${WHERE}: {{ $labels.outcome }}, in 15 minutes.`,
});
