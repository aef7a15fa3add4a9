import { decilesOf, distributionOf, type Distribution, type Reference } from '@pawl/shared/bundle/reference';
import { imageStatistics } from '@pawl/shared/preprocessing/image-statistics';
import type { DatasetItem, SourceFacts } from '../../data/dataset.ts';
import type { Answers } from '../evaluation/probabilities.ts';

/** Edges of confidence: 0.05, 0.1 ... 0.95. */
const CONFIDENCE_EDGES = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** Statistics of the files that pictures were made of. */
const ofSource: Readonly<Record<string, (source: SourceFacts) => number>> = {
  width: ({ width }) => width,
  height: ({ height }) => height,
  aspect: ({ width, height }) => width / height,
  bytes: ({ bytes }) => bytes,
};

/** What {@link buildReference} is made of. */
export interface ReferenceInput {
  /** Pictures that were trained on. */
  readonly items: readonly DatasetItem[];
  /** Of each, by `imageStatistics`. */
  readonly statistics: readonly Float32Array[];
  readonly labels: readonly string[];
  /** On pictures that were not trained on. */
  readonly answers: Answers;
}

/** Pure: the content of `reference.json`. Numbers are rounded to six digits, more than any drift needs. */
export function buildReference({ items, statistics, labels, answers }: ReferenceInput): Reference {
  const sources = items.flatMap(({ source }) => source ?? []);
  const inputs: Record<string, Distribution> = {};
  for (const [index, name] of imageStatistics.entries())
    inputs[name] = byDeciles(statistics.map((values) => values[index] ?? 0));
  // Facts of only some files would describe only those.
  if (sources.length === items.length)
    for (const [name, of] of Object.entries(ofSource)) inputs[name] = byDeciles(sources.map(of));
  const answered = Array.from(answers.answered);
  const confidenceOf = (index: number) =>
    answered.flatMap((label, row) => (label === index ? [answers.confidence[row] ?? 0] : []));
  const byLabel = labels.map((label, index) => [label, confidenceOf(index)] as const);
  return {
    schemaVersion: 1,
    count: items.length,
    inputs,
    answers: {
      count: answered.length,
      labels: Object.fromEntries(byLabel.map(([label, values]) => [label, values.length])),
      confidence: Object.fromEntries(
        byLabel
          .filter(([, values]) => values.length > 0)
          .map(([label, values]) => [label, rounded(distributionOf(values, CONFIDENCE_EDGES))]),
      ),
    },
  };
}

function byDeciles(values: readonly number[]): Distribution {
  const exact = values.map(round);
  return rounded(distributionOf(exact, decilesOf(exact)));
}

const round = (value: number): number => Number(value.toPrecision(6));

const rounded = ({ edges, counts, mean, std }: Distribution): Distribution => ({
  edges,
  counts,
  mean: round(mean),
  std: round(std),
});
