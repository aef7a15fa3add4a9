import type { Period } from './period.ts';
import type { Series } from './prometheus-client.ts';

/** A process that is scraped, as one text. */
export type Target = string;

/** How much a counter rose in each step of a period. */
export interface Rise {
  /** Full name of the metric. */
  readonly metric: string;
  readonly target: Target;
  /** The labels that were asked for. */
  readonly labels: Readonly<Record<string, string>>;
  /** One number a step, 0 or more. */
  readonly bySteps: readonly number[];
}

/** Seconds before a period that are looked at, so that what a counter had by then is not mistaken for new. */
const LOOK_BACK_SECONDS = 900;

/** Pure: steps before a period whose values are asked for. */
export const stepsBefore = ({ stepSeconds }: Period): number => Math.max(1, Math.ceil(LOOK_BACK_SECONDS / stepSeconds));

/** Pure: the process that a series is of: a pod, or elsewhere an address. */
export const targetOf = ({ namespace = '', pod = '', instance = '' }: Series['labels']): Target =>
  JSON.stringify(pod === '' ? [namespace, instance] : [namespace, pod]);

/** Pure: a label of the metric, also where one of the target's has its name: Prometheus renames it then. */
export const labelOf = (labels: Series['labels'], name: string): string =>
  labels[`exported_${name}`] ?? labels[name] ?? '';

/** Values of one counter at the ends of the steps; undefined: it was not scraped in the step. */
interface Counter {
  readonly metric: string;
  readonly target: Target;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: (number | undefined)[];
}

/**
 * Pure: by how much counters rose in each step of a period, as whole numbers. `increase()` estimates them, and does not see
 * what a counter had when it was scraped first, which for a rare bin is all there is.
 *
 * A process counts from 0. So the first value of a counter that was not there before counts in full, and so does one that is
 * below the value before: the process started anew. Lost is what it counted between the last scrape of a step and a restart
 * in the next, and the old value of a counter that is above it again within one step. Whether the others of the process fell
 * says nothing: one that has not counted since shows its old value for the rest of the step. A process that is scraped twice,
 * by two jobs or two replicas of Prometheus, counts once.
 *
 * @param series of counters at the ends of the steps, from {@link stepsBefore} steps before the period on
 * @param names labels of the metrics, by which counters are told apart
 */
export function risesOf(series: readonly Series[], names: readonly string[], period: Period): readonly Rise[] {
  const before = stepsBefore(period);
  return countersOf(series, names, period).map(({ metric, target, labels, values }) => {
    let known = 0;
    const rises = Array.from({ length: before + 1 + period.steps }, (_, step) => {
      const value = values[step] ?? known;
      const rise = value < known ? value : value - known;
      known = value;
      return rise;
    });
    return { metric, target, labels, bySteps: rises.slice(before + 1) };
  });
}

/** Series of the same process and labels are one counter: that of two jobs, or of a pod whose track changed. */
function countersOf(series: readonly Series[], names: readonly string[], period: Period): readonly Counter[] {
  const before = stepsBefore(period);
  const counters = new Map<string, Counter>();
  for (const { labels: all, points } of series) {
    const target = targetOf(all);
    const metric = all['__name__'] ?? '';
    const labels = Object.fromEntries(names.map((name) => [name, labelOf(all, name)]));
    const key = JSON.stringify([metric, target, Object.values(labels)]);
    const counter = counters.get(key) ?? { metric, target, labels, values: [] };
    counters.set(key, counter);
    for (const [at, value] of points) {
      const index = Math.round((at - period.start) / period.stepSeconds) + before;
      if (index >= 0 && Number.isFinite(value)) counter.values[index] = Math.max(value, counter.values[index] ?? 0);
    }
  }
  return [...counters.values()];
}

/** Pure: the sum of some rises in each step. */
export function sumOf(rises: readonly Rise[], { steps }: Pick<Period, 'steps'>): number[] {
  const sum = new Array<number>(steps).fill(0);
  for (const { bySteps } of rises) for (const [step, rise] of bySteps.entries()) sum[step] = (sum[step] ?? 0) + rise;
  return sum;
}
