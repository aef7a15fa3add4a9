import { inferenceMetrics, predictionEndpoints } from '@pawl/shared/telemetry/metric-names';

/** The chosen model: the beginning of its metrics' names, and of its job. */
const MODEL = '${model}';
const namespaces = 'namespace=~"$namespace"';
/** Matchers of what users ask for, not of probes and pages. */
const PREDICTIONS = `endpoint=~"${predictionEndpoints.join('|')}"`;
/** Window of rates: Grafana's, at least four scrapes. */
export const WINDOW = '[$__rate_interval]';

const selector = (name: string, ...matchers: readonly (string | undefined)[]): string =>
  `${name}{${matchers.filter((matcher) => matcher !== undefined).join(',')}}`;

/**
 * A metric of the chosen model's pods. @param suffix its name after the model's: `request_total`. @param matchers more of
 * them: `status="429"`.
 */
export const ofModel = (suffix: string, matchers?: string): string =>
  selector(`${MODEL}_${suffix}`, `job="${MODEL}-api"`, namespaces, matchers);

/** A metric of the processes of the chosen model's pods: `process_cpu_seconds_total`. */
export const ofProcess = (name: string): string => selector(name, `job="${MODEL}-api"`, namespaces);

/** A metric of the controllers in the chosen namespaces. @param suffix its name after `pawl_controller_`. */
export const ofController = (suffix: string, matchers?: string): string =>
  selector(`pawl_controller_${suffix}`, 'job="pawl-controller"', namespaces, matchers);

/** A metric of every controller, for those that say of which namespace they speak (`model_namespace`). */
export const everywhere = (suffix: string, matchers: string): string =>
  selector(`pawl_controller_${suffix}`, 'job="pawl-controller"', matchers);

/** A metric of the processes of the controllers. */
export const ofControllerProcess = (name: string): string => selector(name, 'job="pawl-controller"', namespaces);

/** Sum of the rates of a counter. @param by labels that are kept: `status` or `track, status`. */
export const rate = (counter: string, by?: string): string => `${sumBy(by)}(rate(${counter}${WINDOW}))`;

/** Sum over the shown time of what a counter grew by. */
export const total = (counter: string, by?: string): string => `${sumBy(by)}(increase(${counter}[$__range]))`;

/** A quantile of a histogram's observations. @param share of them that are smaller, 0 to 1. @param suffix of a metric of the model. */
export const quantile = (share: number, buckets: string, by?: string): string =>
  `histogram_quantile(${share}, ${sumBy(['le', ...(by === undefined ? [] : [by])].join(', '))}(rate(${buckets}${WINDOW})))`;

/** Mean of a histogram's observations. @param histogram gives the selector of a part, by its ending. */
export const mean = (histogram: (part: '_sum' | '_count') => string, by?: string): string =>
  `${rate(histogram('_sum'), by)} / ${rate(histogram('_count'), by)}`;

/** One number by another, 0 where there is nothing to count above: a counter that never counted has no series. */
export const shareOf = (part: string, whole: string): string => `(${part} or vector(0)) / ${whole}`;

/** Predictions that were answered, whatever with. */
export const requests = (matchers?: string): string =>
  ofModel(inferenceMetrics.requestTotal.suffix, [PREDICTIONS, matchers].filter((one) => one !== undefined).join(','));

/** Buckets of their latency. */
export const latencyBuckets = ofModel(`${inferenceMetrics.requestLatency.suffix}_bucket`, PREDICTIONS);

/** Evidence of several pods as that of all: e-values may be averaged, their logarithms may not. */
export const combinedEvidence = (evidence: string, by?: string): string =>
  `log10(${by === undefined ? 'avg' : `avg by (${by})`}(10 ^ ${evidence}))`;

function sumBy(by: string | undefined): string {
  return by === undefined || by === '' ? 'sum' : `sum by (${by})`;
}
