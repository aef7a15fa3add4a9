import { trialsFor } from '@pawl/shared/statistics/share-interval';
import { count, list, plain } from '../../terminal/text.ts';
import type { GateParams, PreprocessParams } from '../params/params.ts';
import type { Classified } from './classify.ts';
import type { DatasetItem, Split } from './dataset.ts';

/** Times that the most frequent label may have as many photographs as the rarest one before that is said. */
const IMBALANCE = 3;

/**
 * Pure: what is to be expected of a training on these pictures, a sentence each: too few to prove what the gate asks, or
 * labels so unequal that the common one is answered when in doubt.
 *
 * @param given splits that are kept as they were found: more photographs of a label alone do not enlarge them.
 */
export function concernsOf(
  items: readonly Pick<DatasetItem, 'label' | 'split'>[],
  gate: Pick<GateParams, 'confidence' | 'recall'>,
  { split_ratios: ratios }: Pick<PreprocessParams, 'split_ratios'>,
  given: readonly Split[] = [],
): readonly string[] {
  const labels = [...new Set(items.map(({ label }) => label))];
  const countOf = (label: string, split?: string) =>
    items.filter((item) => item.label === label && (split === undefined || item.split === split)).length;
  return [...tooFew(labels, countOf, gate, given.includes('test') ? 0 : ratios.test), ...unequal(labels, countOf)];
}

/**
 * Pure: photographs of a raw folder that is split already, and that training and test share, a sentence for each kind. A split
 * that is drawn has none.
 *
 * @param groups near-duplicates, as indices of `kept`.
 * @param items of the data set; empty when there is none.
 */
export function leaksOf(
  { kept, duplicates }: Pick<Classified, 'kept' | 'duplicates'>,
  groups: readonly (readonly number[])[],
  items: readonly DatasetItem[],
): readonly string[] {
  const splitOf = new Map(items.map(({ source, split }) => [source?.path, split]));
  const torn = groups
    .map((group) => group.flatMap((index) => kept[index] ?? []))
    .flatMap((group) => {
      const [first] = group;
      const other = group.find(({ source }) => splitOf.get(source.path) !== splitOf.get(first?.source.path));
      return first === undefined || other === undefined ? [] : [[first.source.path, other.source.path] as const];
    });
  const twice = duplicates.filter((same) => same.left.some(({ split }) => split !== same.kept.split));
  const [pair] = torn;
  return [
    ...(pair === undefined
      ? []
      : [
          `${count(torn.length, 'group')} of near-duplicates ${torn.length === 1 ? 'lies' : 'lie'} in more than one split, such as ${plain(list(pair))}: what was trained on is tested on, and the figures will be too good. Remove one of each, or put the photographs of all splits into one folder a label.`,
        ]),
    ...(twice.length === 0
      ? []
      : [
          `${count(twice.length, 'picture')} ${twice.length === 1 ? 'lies' : 'lie'} in more than one split; each is kept once, in test before val, in val before train.`,
        ]),
  ];
}

type CountOf = (label: string, split?: string) => number;

function tooFew(
  labels: readonly string[],
  countOf: CountOf,
  { confidence, recall }: Pick<GateParams, 'confidence' | 'recall'>,
  testRatio: number,
): readonly string[] {
  if (confidence === 0 || recall <= 0 || recall >= 1) return [];
  const needed = trialsFor(recall, confidence);
  const short = labels.filter((label) => countOf(label, 'test') < needed);
  if (short.length === 0) return [];
  const found = list(short.map((label) => `${countOf(label, 'test')} of ${label}`));
  const all = testRatio > 0 ? `, or ${Math.ceil(needed / testRatio)} photographs of each label` : '';
  return [
    `The gate cannot be passed: the test split has ${found}, and a recall of ${recall} (gate.recall) takes ${needed} test pictures of each label, all of them answered rightly${all}.`,
  ];
}

function unequal(labels: readonly string[], countOf: CountOf): readonly string[] {
  const counts = labels.map((label) => ({ label, count: countOf(label) })).sort((a, b) => b.count - a.count);
  const [most, least] = [counts[0], counts.at(-1)];
  if (most === undefined || least === undefined || most.count < IMBALANCE * least.count) return [];
  return [
    `The labels are unequal: ${most.count} of ${most.label}, ${least.count} of ${least.label}. A model that is in doubt answers ${most.label}: add photographs of ${least.label}, or set train.class_weights: balanced.`,
  ];
}
