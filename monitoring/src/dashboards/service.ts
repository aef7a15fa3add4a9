import { type Board, modelVariables } from './board.ts';
import { byQuantile, byStage, byStatus, byTrack, colours } from './colours.ts';
import { atLeast, bars, figure, heat, limits, lines } from './panels.ts';
import {
  latencyBuckets,
  mean,
  ofModel,
  ofProcess,
  quantile,
  rate,
  requests,
  shareOf,
  total,
  WINDOW,
} from './queries.ts';

const stage = (part: '_sum' | '_count' | '_bucket', matchers?: string) =>
  ofModel(`stage_duration_seconds${part}`, matchers);

const figures = [
  figure({
    title: 'Predictions asked for',
    description: 'Requests for predictions a second, whatever became of them.',
    unit: 'reqps',
    query: { expr: rate(requests()) },
  }),
  figure({
    title: 'Failed',
    description: 'Share of the requests that were answered with 5xx: a fault of ours. Good images never cause one.',
    runbook: 'PawlErrorBudgetBurnsFast',
    unit: 'percentunit',
    decimals: 2,
    limits: limits(0.001, 0.01),
    query: { expr: shareOf(rate(requests('status=~"5.."')), rate(requests())) },
  }),
  figure({
    title: 'Turned away',
    description: 'Share of the requests that were answered with 429, because the queue was full. More pods help.',
    runbook: 'PawlRequestsTurnedAway',
    unit: 'percentunit',
    decimals: 2,
    limits: limits(0.001, 0.05),
    query: { expr: shareOf(rate(requests('status="429"')), rate(requests())) },
  }),
  figure({
    title: 'Slowest in twenty',
    description: 'Time from the last byte of a request to the last byte of its answer that 95 % stay below.',
    runbook: 'PawlLatencyBudgetBurnsFast',
    unit: 's',
    limits: limits(0.25, 0.5),
    query: { expr: quantile(0.95, latencyBuckets) },
  }),
  figure({
    title: 'Pods that serve',
    description: 'Pods whose model is verified, warm and answers its golden images as expected.',
    runbook: 'PawlModelMissing',
    unit: 'short',
    decimals: 0,
    limits: atLeast(1, 2),
    query: { expr: `sum(${ofModel('model_ready')})` },
  }),
  figure({
    title: 'Version',
    description: 'What is served now; several during a rollout.',
    unit: 'short',
    query: { expr: `count by (version) (${ofModel('model_info')})`, legend: '{{version}}' },
    named: true,
  }),
];

const requestsAndErrors = [
  lines({
    title: 'Requests by status',
    description:
      'Requests for predictions a second, by HTTP status. 4xx: the client’s; 429: overload; 499: the client left.',
    unit: 'reqps',
    min: 0,
    stacked: 'normal',
    paints: byStatus,
    queries: [{ expr: rate(requests(), 'status'), legend: '{{status}}' }],
  }),
  lines({
    title: 'Latency',
    description: 'Half, 95 % and 99 % of the requests are answered in less. Buckets end at 1 s.',
    runbook: 'PawlLatencyBudgetBurnsFast',
    unit: 's',
    min: 0,
    limits: [{ from: 0.5, colour: colours.bad }],
    limitLines: true,
    paints: byQuantile,
    queries: [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share, latencyBuckets), legend: `p${share * 100}` })),
  }),
  heat({
    title: 'How latency is spread',
    description: 'Requests by the bucket of their latency: two bands are two kinds of pictures, or two kinds of pods.',
    unit: 's',
    query: { expr: `sum by (le) (increase(${latencyBuckets}${WINDOW}))` },
  }),
  lines({
    title: 'Where the time of an image goes',
    description: 'Mean time of an image in the queue, in the decoder and in the model, upon each other.',
    unit: 's',
    min: 0,
    stacked: 'normal',
    paints: byStage,
    queries: [{ expr: mean(stage, 'stage'), legend: '{{stage}}' }],
  }),
  lines({
    title: 'Images that wait and images at work',
    description:
      'Images that wait for a worker, and images that workers hold. A queue that stays long needs more pods.',
    runbook: 'PawlQueueSlow',
    unit: 'short',
    min: 0,
    paints: [
      { name: '^waiting$', colour: colours.warning },
      { name: '^at work$', colour: colours.plain },
    ],
    queries: [
      { expr: `sum(${ofModel('queue_depth')})`, legend: 'waiting' },
      { expr: `sum(${ofModel('images_in_flight')})`, legend: 'at work' },
    ],
  }),
  lines({
    title: 'Images that were refused, by reason',
    description: 'Images that were not classified, a second, by the error code that their clients got.',
    runbook: 'PawlImagesRefused',
    unit: 'ops',
    min: 0,
    stacked: 'normal',
    queries: [{ expr: rate(ofModel('image_refused_total'), 'code'), legend: '{{code}}' }],
  }),
];

const stages = [
  ...(['queue', 'decode', 'infer'] as const).map((name) =>
    heat({
      title: { queue: 'Waiting', decode: 'Decoding', infer: 'The model' }[name],
      description: {
        queue: 'Images by the time that they waited for a worker.',
        decode: 'Images by the time that their decoding took. Large pictures and AVIF take longest.',
        infer: 'Images by the time that the model took. It is nearly the same for all; two bands are two stages.',
      }[name],
      unit: 's',
      query: { expr: `sum by (le) (increase(${stage('_bucket', `stage="${name}"`)}${WINDOW}))` },
    }),
  ),
];

const saturation = [
  lines({
    title: 'CPU',
    description: 'CPUs that a pod’s process uses, decoders and workers included.',
    unit: 'short',
    min: 0,
    queries: [{ expr: `sum by (pod) (rate(${ofProcess('process_cpu_seconds_total')}${WINDOW}))`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Memory',
    description: 'Resident memory of a pod’s main process.',
    unit: 'bytes',
    min: 0,
    queries: [{ expr: `sum by (pod) (${ofProcess('process_resident_memory_bytes')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Lag of the event loop',
    description:
      'Of the moments at which a pod’s main thread wants to act, 99 % come late by less than this. Probes fail when it is seconds.',
    unit: 's',
    min: 0,
    limits: [{ from: 1, colour: colours.bad }],
    queries: [{ expr: `max by (pod) (${ofProcess('nodejs_eventloop_lag_p99_seconds')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Bytes of uploads in memory',
    description: 'Uploads that a pod holds; at its limit further ones wait or are refused.',
    unit: 'bytes',
    min: 0,
    queries: [{ expr: `sum by (pod) (${ofModel('upload_buffered_bytes')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Workers',
    description: 'Worker threads that take images, by pod.',
    unit: 'short',
    decimals: 0,
    min: 0,
    queries: [{ expr: `sum by (pod) (${ofModel('workers_ready')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Workers and decoders that died',
    description:
      'They were replaced, and their images answered with an error. One may be a picture that harms; many are a fault.',
    runbook: 'PawlWorkersDying',
    unit: 'short',
    decimals: 0,
    min: 0,
    paints: [
      { name: '^worker', colour: colours.bad },
      { name: '^decoder', colour: colours.warning },
    ],
    queries: [
      { expr: `sum(${ofModel('worker_deaths')})`, legend: 'workers' },
      { expr: `sum(${ofModel('decoder_deaths')})`, legend: 'decoders' },
    ],
  }),
];

const refusals = [
  bars({
    title: 'Refused images in this time',
    description: 'Images that were not classified, by error code, over the time that is shown.',
    width: 12,
    unit: 'short',
    decimals: 0,
    queries: [{ expr: total(ofModel('image_refused_total'), 'code'), legend: '{{code}}' }],
  }),
  lines({
    title: 'Requests by address',
    description: 'Every request a second by the template of its path, probes and pages included.',
    width: 12,
    unit: 'reqps',
    min: 0,
    queries: [{ expr: rate(ofModel('request_total'), 'endpoint'), legend: '{{endpoint}}' }],
  }),
  lines({
    title: 'Requests by track',
    description: 'Requests for predictions a second that stable pods and canary pods answered.',
    width: 12,
    unit: 'reqps',
    min: 0,
    stacked: 'normal',
    paints: byTrack,
    queries: [{ expr: rate(requests(), 'track'), legend: '{{track}}' }],
  }),
  lines({
    title: 'Requests by pod',
    description: 'Requests for predictions a second, by pod: how evenly they are spread.',
    width: 12,
    unit: 'reqps',
    min: 0,
    queries: [{ expr: rate(requests(), 'pod'), legend: '{{pod}}' }],
  }),
];

/** The service as its users feel it: rate, errors, duration; and what it is short of. */
export const service: Board = {
  name: 'service',
  title: 'Pawl / Service',
  description: 'Requests, errors and latency of a model, where the time goes and what is short.',
  variables: modelVariables,
  panels: [...figures, ...requestsAndErrors],
  rows: [
    { title: 'Stages of an image', panels: stages },
    { title: 'Saturation', panels: saturation },
    { title: 'Refusals and routes', panels: refusals },
  ],
};
