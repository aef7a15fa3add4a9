import {
  type Alert,
  atLeast,
  type MakeGroup,
  PERCENT,
  type RecordingRule,
  type Severity,
  series,
  share,
  WHERE,
} from '../rule.ts';
import { predictions, type RuleSettings } from '../settings.ts';

/**
 * How fast an error budget of 30 days burns, over a long window, and over a short one so that the alert ends with its cause.
 * The four pairs are those of the SRE Workbook, "Alerting on SLOs": 2 % of the budget in 1 h, 5 % in 6 h, 10 % in 1 d and in 3 d.
 */
interface BurnRate {
  readonly long: string;
  readonly short: string;
  /** Times the speed that uses the budget up in exactly 30 days. */
  readonly factor: number;
}

const FAST: readonly BurnRate[] = [
  { long: '1h', short: '5m', factor: 14.4 },
  { long: '6h', short: '30m', factor: 6 },
];
const SLOW: readonly BurnRate[] = [
  { long: '1d', short: '2h', factor: 3 },
  { long: '3d', short: '6h', factor: 1 },
];
const WINDOWS = [...new Set([...FAST, ...SLOW].flatMap(({ short, long }) => [short, long]))];

/** Bad events that are no coincidence: at ten requests an hour, one that fails would be a hundred times the budget's speed. */
const FEWEST_BAD = 5;

/** An objective for predictions. */
interface Objective {
  /** What is recorded, after the model's name: `request_errors`. */
  readonly name: string;
  /** The beginning of the alerts' names: `PawlErrorBudget`. */
  readonly alert: string;
  /** Percent of the requests that must be good. */
  readonly percent: string;
  /** Query for the share of bad requests over a window. */
  readonly bad: (window: string) => string;
  /** Condition that enough requests were bad in a window. */
  readonly enough: (window: string) => string;
  /** What bad requests do, with figures. */
  readonly do: string;
  /** The same without. */
  readonly when: string;
}

/** Availability and latency of predictions against their objectives. */
export const objectives: MakeGroup = (settings) => {
  const both = [availability(settings), latency(settings)];
  return {
    name: `${settings.model}-objectives`,
    records: both.flatMap((objective) => recordsOf(settings, objective)),
    alerts: both.flatMap((objective) => alertsOf(settings, objective)),
  };
};

function availability(settings: RuleSettings): Objective {
  const all = series(settings)('request_total', predictions);
  const failed = series(settings)('request_total', predictions, 'status=~"5.."');
  return {
    name: 'request_errors',
    alert: 'PawlErrorBudget',
    percent: settings.availabilityObjective,
    bad: (window) => share('namespace', failed, all, window),
    enough: (window) => atLeast('namespace', failed, window, FEWEST_BAD),
    do: 'fail with 5xx',
    when: 'fail with 5xx',
  };
}

function latency(settings: RuleSettings): Objective {
  // A batch takes as long as it has images, so only single predictions count.
  const all = series(settings)('request_latency_seconds_count', 'endpoint="/predict"');
  // Prometheus 3 writes le="1" as le="1.0".
  const inTime = series(settings)(
    'request_latency_seconds_bucket',
    'endpoint="/predict"',
    `le=~"${settings.latencyLimit}(.0)?"`,
  );
  const sum = (of: string) => `sum by (namespace) (${of})`;
  return {
    name: 'request_slow',
    alert: 'PawlLatencyBudget',
    percent: settings.latencyObjective,
    bad: (window) => `1 -\n${sum(`rate(${inTime}[${window}])`)}\n/\n(${sum(`rate(${all}[${window}])`)} > 0)`,
    enough: (window) =>
      `${sum(`increase(${all}[${window}])`)} - ${sum(`increase(${inTime}[${window}])`)} >= ${FEWEST_BAD}`,
    do: `take longer than ${settings.latencyLimit} s`,
    when: 'take longer than the limit',
  };
}

const ratio = ({ model }: RuleSettings, { name }: Objective, window: string) => `${model}:${name}:ratio_rate${window}`;

const recordsOf = (settings: RuleSettings, objective: Objective): readonly RecordingRule[] =>
  WINDOWS.map((window) => ({ record: ratio(settings, objective, window), expr: objective.bad(window) }));

function alertsOf(settings: RuleSettings, objective: Objective): readonly Alert[] {
  const burns = (rates: readonly BurnRate[]) =>
    rates
      .map(({ long, short, factor }) => {
        const limit = `> ${factor} * (1 - ${objective.percent} / 100)`;
        const conditions = [
          `${ratio(settings, objective, long)} ${limit}`,
          `${ratio(settings, objective, short)} ${limit}`,
          objective.enough(long),
        ];
        return `(\n  ${conditions.join('\n  and\n  ')}\n)`;
      })
      .join('\nor\n');
  const alert = (speed: string, severity: Severity, rates: readonly BurnRate[], wait: string): Alert => ({
    name: `${objective.alert}Burns${speed}`,
    severity,
    expr: burns(rates),
    for: wait,
    when: `Predictions ${objective.when} so often that the budget of 30 days would last less than ${rates.map(({ factor, long }) => `${(30 / factor).toFixed(0)} days (over ${long})`).join(' or ')}.`,
    summary: `${PERCENT} of the predictions of ${settings.model}${WHERE} ${objective.do}; the objective is that ${objective.percent} % do not.`,
  });
  return [alert('Fast', 'critical', FAST, '2m'), alert('Slowly', 'warning', SLOW, '1h')];
}
