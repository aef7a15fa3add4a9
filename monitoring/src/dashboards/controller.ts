import { type Board, labelVariable } from './board.ts';
import { byPhase, byQuantile, colours } from './colours.ts';
import { atLeast, figure, limits, lines } from './panels.ts';
import { ofController, ofControllerProcess, rate, shareOf, WINDOW } from './queries.ts';

const reconciles = (part: '_count' | '_bucket', matchers?: string) =>
  ofController(`reconcile_duration_seconds${part}`, matchers);
const apiRequests = (part: '_count' | '_bucket', matchers?: string) =>
  ofController(`api_request_duration_seconds${part}`, matchers);

const quantiles = (buckets: string) =>
  [0.5, 0.95, 0.99].map((share) => ({
    expr: `histogram_quantile(${share}, sum by (le) (rate(${buckets}${WINDOW})))`,
    legend: `p${share * 100}`,
  }));

const figures = [
  figure({
    title: 'Leaders',
    description: 'Replicas that lead; one in each namespace is right.',
    runbook: 'PawlControllerNoLeader',
    unit: 'short',
    decimals: 0,
    limits: atLeast(1, 1),
    query: { expr: `sum(${ofController('leader')})` },
  }),
  figure({
    title: 'Reconciles',
    description: 'Looks at a model a second.',
    unit: 'ops',
    query: { expr: rate(reconciles('_count')) },
  }),
  figure({
    title: 'Failed reconciles',
    description: 'Share of the reconciles that failed; they are tried again with a growing pause.',
    runbook: 'PawlControllerFailing',
    unit: 'percentunit',
    decimals: 1,
    limits: limits(0.05, 0.25),
    query: { expr: shareOf(rate(ofController('reconcile_errors_total')), rate(reconciles('_count'))) },
  }),
  figure({
    title: 'Oldest key that waits',
    description: 'How long a model has waited for a worker.',
    runbook: 'PawlControllerQueueStuck',
    unit: 's',
    limits: limits(10, 60),
    query: { expr: `max(${ofController('queue_oldest_seconds')})` },
  }),
  figure({
    title: 'Refused by the API server',
    description:
      'Share of the requests to the API server that were answered with an error, conflicts and objects that are not there left out.',
    runbook: 'PawlControllerApiErrors',
    unit: 'percentunit',
    decimals: 1,
    limits: limits(0.05, 0.25),
    query: {
      expr: shareOf(rate(apiRequests('_count', 'code=~"[45]..",code!~"404|409"')), rate(apiRequests('_count'))),
    },
  }),
  figure({
    title: 'Missed events',
    description: 'Changes in this time that a list showed and no watch told. The next list always finds them.',
    unit: 'short',
    decimals: 0,
    limits: [{ from: 1, colour: colours.warning }],
    query: { expr: `sum(increase(${ofController('missed_events_total')}[$__range]))` },
  }),
];

const work = [
  lines({
    title: 'Reconciles by outcome',
    description:
      'Looks at a model a second. requeue_after: again later by plan; waiting: for something outside; conflict: somebody else wrote meanwhile.',
    unit: 'ops',
    min: 0,
    stacked: 'normal',
    paints: [
      { name: '^success$', colour: colours.good },
      { name: '^requeue_after$', colour: colours.plain },
      { name: '^waiting$', colour: colours.notice },
      { name: '^conflict$', colour: colours.warning },
      { name: '^error$', colour: colours.bad },
    ],
    queries: [{ expr: rate(reconciles('_count'), 'outcome'), legend: '{{outcome}}' }],
  }),
  lines({
    title: 'Time of a reconcile',
    description: 'Half, 95 % and 99 % take less.',
    unit: 's',
    min: 0,
    paints: byQuantile,
    queries: quantiles(reconciles('_bucket')),
  }),
  lines({
    title: 'Queue',
    description: 'Models that wait for a worker, and models that come back later.',
    unit: 'short',
    decimals: 0,
    min: 0,
    queries: [
      { expr: `sum(${ofController('queue_depth')})`, legend: 'ready' },
      { expr: `sum(${ofController('queue_delayed')})`, legend: 'later' },
    ],
  }),
  lines({
    title: 'Requests to the API server',
    description: 'Requests a second, by verb.',
    unit: 'reqps',
    min: 0,
    stacked: 'normal',
    queries: [{ expr: rate(apiRequests('_count'), 'verb'), legend: '{{verb}}' }],
  }),
  lines({
    title: 'Answers of the API server',
    description: 'Requests a second, by status code. 409: somebody else wrote meanwhile; 403: a right is missing.',
    unit: 'reqps',
    min: 0,
    paints: [
      { name: '^2..$', colour: colours.good },
      { name: '^409$', colour: colours.notice },
      { name: '^5..$', colour: colours.bad },
    ],
    queries: [{ expr: rate(apiRequests('_count'), 'code'), legend: '{{code}}' }],
  }),
  lines({
    title: 'Versions by phase',
    description: 'Every version that the controllers see.',
    unit: 'short',
    decimals: 0,
    min: 0,
    stacked: 'normal',
    paints: byPhase,
    queries: [
      { expr: `sum by (phase) (max by (namespace, phase) (${ofController('model_versions')}))`, legend: '{{phase}}' },
    ],
  }),
];

const watches = [
  lines({
    title: 'Watches that were restarted',
    description: 'Restarts a second, by kind and reason. An API server ends each after some minutes.',
    unit: 'ops',
    min: 0,
    queries: [{ expr: rate(ofController('watch_restarts_total'), 'kind, reason'), legend: '{{kind}}: {{reason}}' }],
  }),
  lines({
    title: 'Complete lists',
    description: 'Lists a second, by kind: at the start, after a watch that was too old, and every ten minutes.',
    unit: 'ops',
    min: 0,
    queries: [{ expr: rate(ofController('relists_total'), 'kind'), legend: '{{kind}}' }],
  }),
  lines({
    title: 'Time until the API server answers',
    description: 'Half, 95 % and 99 % take less.',
    unit: 's',
    min: 0,
    paints: byQuantile,
    queries: quantiles(apiRequests('_bucket')),
  }),
];

const process = [
  lines({
    title: 'Who leads',
    description: '1 for the replica that leads.',
    unit: 'short',
    decimals: 0,
    min: 0,
    max: 1,
    queries: [{ expr: `max by (pod) (${ofController('leader')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Memory',
    description: 'Resident memory of each replica.',
    unit: 'bytes',
    min: 0,
    queries: [{ expr: `sum by (pod) (${ofControllerProcess('process_resident_memory_bytes')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Lag of the event loop',
    description:
      'Of the moments at which a replica wants to act, 99 % come late by less. A lease is lost when it is seconds.',
    unit: 's',
    min: 0,
    limits: [{ from: 1, colour: colours.bad }],
    queries: [{ expr: `max by (pod) (${ofControllerProcess('nodejs_eventloop_lag_p99_seconds')})`, legend: '{{pod}}' }],
  }),
  lines({
    title: 'Errors by reason',
    description: 'Reconciles that failed, a second, by the reason of the error.',
    runbook: 'PawlControllerFailing',
    unit: 'ops',
    min: 0,
    queries: [{ expr: rate(ofController('reconcile_errors_total'), 'reason'), legend: '{{reason}}' }],
  }),
];

/** The controller itself. */
export const controller: Board = {
  name: 'controller',
  title: 'Pawl / Controller',
  description: 'Reconciles, queue, API server and leases of the controller that rolls versions out.',
  variables: [
    labelVariable({
      name: 'namespace',
      label: 'Namespace',
      description: 'Where the controller runs.',
      query: 'label_values(pawl_controller_leader, namespace)',
      several: true,
    }),
  ],
  panels: [...figures, ...work],
  rows: [
    { title: 'Watches and lists', panels: watches },
    { title: 'Process', panels: process },
  ],
};
