import { binOf, type Distribution, type Reference } from '../bundle/reference.ts';
import type { Observation } from './observation.ts';

/** A statistic that is compared with the reference, bin by bin. */
export interface WatchedStatistic {
  /** As in `reference.json`, or `label`. */
  readonly name: string;
  /** Names of the bins: `0` .. `9` of numbers, or labels. */
  readonly bins: readonly string[];
  /** Pictures of the reference in each bin. */
  readonly reference: readonly number[];
  /** Upper edges of the bins of a number, but for the last; absent for labels. */
  readonly edges?: readonly number[];
  /** The bin of a picture; undefined where it does not have the statistic. */
  readonly binOf: (observation: Observation) => number | undefined;
}

/** Labels with a bin of their own; the rarer ones share one: a model may have thousands, and each bin is a time series. */
export const MAX_LABEL_BINS = 20;
/** Name of the bin that labels share. */
const OTHER_LABELS = 'other';

/** Pictures without which a reference says nothing about a statistic. */
export const MIN_PICTURES = 50;

/** Pure: what a reference allows to watch, in its order; statistics of too few pictures are left out. */
export function watchedStatistics({ inputs, answers }: Reference): readonly WatchedStatistic[] {
  const numbers = [...Object.entries(inputs), ...Object.entries(answers.scores ?? {})].map(([name, distribution]) =>
    ofNumber(name, distribution),
  );
  return [...numbers, ofLabels(answers.labels)].filter(
    ({ reference }) => reference.reduce((sum, count) => sum + count, 0) >= MIN_PICTURES && reference.length > 1,
  );
}

function ofNumber(name: string, { edges, counts }: Distribution): WatchedStatistic {
  return {
    name,
    bins: counts.map((_, bin) => String(bin)),
    reference: counts,
    edges,
    binOf: ({ numbers }) => {
      const value = numbers[name];
      return value === undefined || !Number.isFinite(value) ? undefined : binOf(value, edges);
    },
  };
}

function ofLabels(labels: Readonly<Record<string, number>>): WatchedStatistic {
  const byCount = Object.entries(labels).sort(([, a], [, b]) => b - a);
  const own = byCount.length <= MAX_LABEL_BINS ? byCount : byCount.slice(0, MAX_LABEL_BINS - 1);
  const rest = byCount.slice(own.length);
  const bins = [...own.map(([label]) => label), ...(rest.length > 0 ? [OTHER_LABELS] : [])];
  const index = new Map(own.map(([label], bin) => [label, bin]));
  return {
    name: 'label',
    bins,
    reference: [
      ...own.map(([, count]) => count),
      ...(rest.length > 0 ? [rest.reduce((sum, [, count]) => sum + count, 0)] : []),
    ],
    binOf: ({ label }) => index.get(label) ?? (rest.length > 0 ? own.length : undefined),
  };
}
