import { type Alert, controllerSeries, type MakeGroup, PERCENT } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';

/** Whose versions: the controller is in `namespace`, the versions are in `model_namespace`. */
const VERSIONS = 'namespace, model_namespace';
const THERE = 'in {{ $labels.model_namespace }}';

/** The versions that the controller rolls out, and the controller itself. */
export const rollout: MakeGroup = (settings) => ({
  name: 'pawl-controller',
  records: [],
  alerts: [versionFailed(settings), versionStuck(settings), ...conditions(settings), ...controller(settings)],
});

const versionFailed = (settings: RuleSettings): Alert => ({
  name: 'PawlVersionFailed',
  severity: 'warning',
  expr: `time() - max by (${VERSIONS}) (${controllerSeries(settings)('last_verdict_timestamp_seconds', 'outcome="Failed"')}) < 3600`,
  for: '0m',
  when: 'A version was judged Failed within the last hour. The stable pods serve on.',
  summary: `A version ${THERE} was judged Failed {{ $value | humanizeDuration }} ago; the stable pods serve on.`,
});

const versionStuck = (settings: RuleSettings): Alert => ({
  name: 'PawlVersionStuck',
  severity: 'warning',
  expr: `max by (${VERSIONS}) (${controllerSeries(settings)('rollout_seconds')}) > 6 * 3600`,
  for: '5m',
  when: 'A version has been on its way for more than six hours: verification, canary or promotion does not end.',
  summary: `A version ${THERE} has been on its way for {{ $value | humanizeDuration }}.`,
});

function conditions(settings: RuleSettings): readonly Alert[] {
  const alert = (condition: string, when: string, does: string): Alert => ({
    name: `PawlVersion${condition}`,
    severity: 'warning',
    expr: `max by (${VERSIONS}) (${controllerSeries(settings)('version_conditions', `condition="${condition}"`)}) > 0`,
    for: '15m',
    when,
    summary: `{{ $value }} versions ${THERE} ${does}.`,
  });
  return [
    alert(
      'Stalled',
      'A version that has no verdict does not go on until a person acts.',
      'wait for a person (condition Stalled)',
    ),
    alert(
      'Degraded',
      'A version serves, and its stable pods or its route are not well.',
      'serve with pods or a route that are not well (condition Degraded)',
    ),
    alert(
      'Refused',
      'The API server refuses something that a version needs: a right, a quota, an admission rule.',
      'need something that the API server refuses (condition Refused)',
    ),
  ];
}

function controller(settings: RuleSettings): readonly Alert[] {
  const of = controllerSeries(settings);
  const requests = (...matchers: readonly string[]) =>
    `sum by (namespace) (rate(${of('api_request_duration_seconds_count', ...matchers)}[10m]))`;
  return [
    {
      name: 'PawlControllerMissing',
      severity: 'warning',
      expr: `absent(up{${settings.controller}} == 1)`,
      for: '10m',
      when: 'Prometheus reaches no controller: nothing is rolled out or back. What serves serves on.',
      summary: 'No controller of Pawl answers; nothing is rolled out or back.',
    },
    {
      name: 'PawlControllerNoLeader',
      severity: 'warning',
      expr: `max by (namespace) (${of('leader')}) == 0`,
      for: '5m',
      when: 'Controllers run and none leads: nothing is rolled out or back.',
      summary: 'No controller in {{ $labels.namespace }} leads; nothing is rolled out or back.',
    },
    {
      name: 'PawlControllerQueueStuck',
      severity: 'warning',
      expr: `max by (namespace) (${of('queue_oldest_seconds')}) > 300`,
      for: '5m',
      when: 'A model has waited for the controller for more than five minutes.',
      summary: 'A model has waited {{ $value | humanizeDuration }} for the controller in {{ $labels.namespace }}.',
    },
    {
      name: 'PawlControllerFailing',
      severity: 'warning',
      // Retries come with a growing pause, so a lasting failure is a few in half an hour.
      expr: `sum by (namespace, reason) (increase(${of('reconcile_errors_total')}[30m])) >= 3`,
      for: '15m',
      when: 'Reconciles fail again and again.',
      summary:
        '{{ $value | humanize }} reconciles of the controller in {{ $labels.namespace }} failed in half an hour: {{ $labels.reason }}.',
    },
    {
      name: 'PawlControllerApiErrors',
      severity: 'warning',
      expr: `${requests('code=~"5..|unreachable"')} / (${requests()} > 0) > 0.05`,
      for: '10m',
      when: 'More than 5 % of the requests of the controller to the API server fail with 5xx or without an answer.',
      summary: `${PERCENT} of the requests of the controller in {{ $labels.namespace }} to the API server fail.`,
    },
  ];
}
