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
 * A process counts from 0. So the first value of a counter that was not there before counts in full; and where one counter of
 * a process fell, the process started anew, and all of its counters count in full, also those that are above their old value
 * again. What a process counted between its last scrape of a step and a restart in the next is lost with it. A process that
 * is scraped twice, by two jobs or two replicas of Prometheus, counts once.
 *
 * @param series of counters at the ends of the steps, from {@link stepsBefore} steps before the period on
 * @param names labels of the metrics, by which counters are told apart
 */
export function risesOf(series: readonly Series[], names: readonly string[], period: Period): readonly Rise[] {
  const before = stepsBefore(period);
  const length = before + 1 + period.steps;
  const rises: Rise[] = [];
  for (const counters of Map.groupBy(countersOf(series, names, period), ({ target }) => target).values()) {
    const known = counters.map(() => undefined as number | undefined);
    const bySteps = counters.map(() => new Array<number>(length).fill(0));
    for (let step = 0; step < length; step++) {
      const restarted = counters.some(({ values }, i) => (values[step] ?? Infinity) < (known[i] ?? 0));
      for (const [i, { values }] of counters.entries()) {
        const value = values[step];
        const rise = bySteps[i];
        if (value !== undefined && rise !== undefined) rise[step] = value - (restarted ? 0 : (known[i] ?? 0));
        known[i] = value ?? (restarted ? 0 : known[i]);
      }
    }
    for (const [i, { metric, target, labels }] of counters.entries())
      rises.push({ metric, target, labels, bySteps: bySteps[i]?.slice(before + 1) ?? [] });
  }
  return rises;
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
