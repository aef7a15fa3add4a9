import type { AlertCase } from './alert-case.ts';

const predict = (status: string, track = 'stable') =>
  `request_total{endpoint="/predict",status="${status}",track="${track}"}`;
const info = (pod: string, track: string) =>
  `model_info{pod="${pod}",track="${track}",version="1.0.${pod}",digest="sha256:${pod}"}`;
const queue = (le: string) => `stage_duration_seconds_bucket{stage="queue",le="${le}"}`;

/** Histories of pods: what serves, what waits, what dies. */
export const podCases: readonly AlertCase[] = [
  {
    alert: 'PawlModelMissing',
    title: 'the only pod has no model for six minutes',
    fires: true,
    service: { 'model_ready{pod="0"}': '0x10' },
    at: '6m',
  },
  {
    alert: 'PawlModelMissing',
    title: 'Prometheus reaches no pod',
    fires: true,
    service: {},
    at: '6m',
  },
  {
    alert: 'PawlModelMissing',
    title: 'one of two pods has no model',
    fires: false,
    service: { 'model_ready{pod="0"}': '0x10', 'model_ready{pod="1"}': '1x10' },
    at: '6m',
  },
  {
    alert: 'PawlModelMissing',
    title: 'the only pod has no model for four minutes',
    fires: false,
    service: { 'model_ready{pod="0"}': '1x3 0x10' },
    at: '7m',
  },
  {
    alert: 'PawlWeightsDiffer',
    title: 'two stable pods have different weights for 35 minutes',
    fires: true,
    service: { [info('0', 'stable')]: '1x40', [info('1', 'stable')]: '1x40' },
    at: '35m',
  },
  {
    alert: 'PawlWeightsDiffer',
    title: 'a canary has other weights than the stable pods',
    fires: false,
    service: { [info('0', 'stable')]: '1x40', [info('1', 'canary')]: '1x40' },
    at: '35m',
  },
  {
    alert: 'PawlWeightsDiffer',
    title: 'a promotion has taken twenty minutes',
    fires: false,
    service: { [info('0', 'stable')]: '1x40', [info('1', 'stable')]: '1x40' },
    at: '20m',
  },
  {
    alert: 'PawlCanaryErrors',
    title: 'a tenth of the canary’s predictions fails',
    fires: true,
    service: { [predict('200', 'canary')]: '0+90x10', [predict('500', 'canary')]: '0+10x10' },
    at: '8m',
  },
  {
    alert: 'PawlCanaryErrors',
    title: '3 % of the canary’s fail, and more of the stable pods’',
    fires: false,
    service: {
      [predict('200', 'canary')]: '0+97x10',
      [predict('500', 'canary')]: '0+3x10',
      [predict('500')]: '0+50x10',
    },
    at: '8m',
  },
  {
    alert: 'PawlRequestsTurnedAway',
    title: '3 % are turned away',
    fires: true,
    service: { [predict('200')]: '0+97x30', [predict('429')]: '0+3x30' },
    at: '25m',
  },
  {
    alert: 'PawlRequestsTurnedAway',
    title: '0.5 % are turned away',
    fires: false,
    service: { [predict('200')]: '0+398x30', [predict('429')]: '0+2x30' },
    at: '25m',
  },
  {
    alert: 'PawlQueueSlow',
    title: 'a tenth waits for longer than 0.25 s',
    fires: true,
    service: { [queue('0.25')]: '0+90x30', [queue('0.5')]: '0+100x30', [queue('+Inf')]: '0+100x30' },
    at: '25m',
  },
  {
    alert: 'PawlQueueSlow',
    title: '4 % wait for longer than 0.25 s',
    fires: false,
    service: { [queue('0.25')]: '0+96x30', [queue('0.5')]: '0+100x30', [queue('+Inf')]: '0+100x30' },
    at: '25m',
  },
  {
    alert: 'PawlWorkersDying',
    title: 'a worker of each of two pods dies every ten minutes',
    fires: true,
    service: {
      'worker_deaths{pod="0"}': '0x9 1x9 2x9 3x9 4x9',
      'worker_deaths{pod="1"}': '0x9 1x9 2x9 3x9 4x9',
    },
    at: '45m',
  },
  {
    alert: 'PawlWorkersDying',
    title: 'two workers died',
    fires: false,
    service: { 'worker_deaths{pod="0"}': '0x20 1 2x20' },
    at: '36m',
  },
  {
    alert: 'PawlDecodersDying',
    title: 'a decoder ends every minute',
    fires: true,
    service: { 'decoder_deaths{pod="0"}': '0+1x40' },
    at: '36m',
  },
  {
    alert: 'PawlDecodersDying',
    title: 'five decoders ended',
    fires: false,
    service: { 'decoder_deaths{pod="0"}': '0x10 1 2 3 4 5x30' },
    at: '36m',
  },
  {
    alert: 'PawlPredictionLogLosing',
    title: 'one entry in a hundred is dropped',
    fires: true,
    service: {
      'prediction_log_total{outcome="written"}': '0+99x40',
      'prediction_log_total{outcome="dropped"}': '0+1x40',
    },
    at: '31m',
  },
  {
    alert: 'PawlPredictionLogLosing',
    title: 'entries were dropped, and are no longer',
    fires: false,
    service: {
      'prediction_log_total{outcome="written"}': '0+99x40',
      'prediction_log_total{outcome="failed"}': '0+1x10 10x30',
    },
    at: '31m',
  },
];
