import { predictionEndpoints } from '@pawl/shared/telemetry/metric-names';

/** What differs between installations, as text, because the chart puts it in for a placeholder. */
export interface RuleSettings {
  /** Name of the model: the prefix of its metrics and of what is recorded about it. */
  readonly model: string;
  /** Label matchers that find the series of the service. */
  readonly service: string;
  /** Label matchers that find the series of the controller. */
  readonly controller: string;
  /** Percent of the predictions that must not fail, over 30 days. */
  readonly availabilityObjective: string;
  /** Percent of the predictions that must come within `latencyLimit`, over 30 days. */
  readonly latencyObjective: string;
  /** Seconds: an upper edge of a bucket of `request_latency_seconds`. */
  readonly latencyLimit: string;
  /** Share of images, 0 to 1, that may be none of the labels. */
  readonly abstentionLimit: string;
  /** Address of RUNBOOK.md. An alert links to the section that has its name. */
  readonly runbook: string;
}

/** Of the rule files in `monitoring/rules`: a Prometheus without Kubernetes, or one for all namespaces. */
export const exampleSettings: RuleSettings = {
  model: 'catdog',
  service: 'job="catdog-api"',
  controller: 'job="pawl-controller"',
  availabilityObjective: '99.9',
  latencyObjective: '99',
  latencyLimit: '0.5',
  abstentionLimit: '0.2',
  runbook: 'https://github.com/pawl-dev/pawl/blob/main/RUNBOOK.md',
};

/** Of the chart: `templates/prometheusrule.yaml` puts the values of a release in for what is between < and >. */
export const chartSettings: RuleSettings = {
  model: '<model>',
  service: 'job="<model>-api",namespace="<namespace>"',
  controller: 'job="pawl-controller",namespace="<namespace>"',
  availabilityObjective: '<availabilityObjective>',
  latencyObjective: '<latencyObjective>',
  latencyLimit: '<latencyLimit>',
  abstentionLimit: '<abstentionLimit>',
  runbook: '<runbook>',
};

/** Matcher of the requests that are predictions. */
export const predictions = `endpoint=~"${predictionEndpoints.join('|')}"`;
