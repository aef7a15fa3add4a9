import type { RuleSettings } from './settings.ts';

/** `critical`: wake somebody. `warning`: look at it on the next working day. */
export type Severity = 'critical' | 'warning';

/** A rule that records the result of a query as a series. */
export interface RecordingRule {
  /** `level:metric:operations`, the level being the model. */
  readonly record: string;
  readonly expr: string;
}

/** A rule that raises an alert for every series of a query's result. */
export interface Alert {
  /** The heading of its section in RUNBOOK.md, too. */
  readonly name: string;
  readonly severity: Severity;
  readonly expr: string;
  /** How long the query must have a result before the alert fires, such as `5m`; `0m`: at once. */
  readonly for: string;
  /** When it fires, without figures of a case: for the table in docs/alerts.md. */
  readonly when: string;
  /** One sentence with the figures of the case; a template of Prometheus. */
  readonly summary: string;
  /** More about the case; a template of Prometheus. */
  readonly description?: string;
}

/** Rules that Prometheus evaluates one after another. */
export interface RuleGroup {
  readonly name: string;
  readonly records: readonly RecordingRule[];
  readonly alerts: readonly Alert[];
}

/** Makes a group for an installation. */
export type MakeGroup = (settings: RuleSettings) => RuleGroup;

/** Share of things in percent, for the template of an annotation. */
export const PERCENT = '{{ $value | humanizePercentage }}';

/** Where it is, for the template of an annotation after a name: the namespace and the track, if the scrape says them. */
export const WHERE = '{{ with $labels.namespace }} in {{ . }}{{ end }}{{ with $labels.track }} ({{ . }} pods){{ end }}';

/**
 * Selects series of the service.
 * @param suffix name of the metric after the model's name.
 * @param matchers of labels, in addition to those that find the service.
 */
export const series =
  ({ model, service }: RuleSettings) =>
  (suffix: string, ...matchers: readonly string[]): string =>
    `${model}_${suffix}{${[service, ...matchers].join(',')}}`;

/** Selects series of the controller, as {@link series} those of the service. */
export const controllerSeries =
  ({ controller }: RuleSettings) =>
  (suffix: string, ...matchers: readonly string[]): string =>
    `pawl_controller_${suffix}{${[controller, ...matchers].join(',')}}`;

/**
 * Share of events that have a property, over a window: 0 where none has it, nothing where there were no events.
 * @param by labels to keep.
 * @param some selects the counters of the events that have it.
 * @param all selects the counters of all events.
 */
export function share(by: string, some: string, all: string, window: string): string {
  const rate = (of: string) => `sum by (${by}) (rate(${of}[${window}]))`;
  return `(\n  ${rate(some)}\n  or\n  0 * ${rate(all)}\n)\n/\n(${rate(all)} > 0)`;
}

/** Condition that a counter rose by at least `least` in a window: a share of few events says nothing. */
export const atLeast = (by: string, counter: string, window: string, least: number): string =>
  `sum by (${by}) (increase(${counter}[${window}])) >= ${least}`;
