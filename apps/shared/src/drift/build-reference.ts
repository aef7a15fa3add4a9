import {
  decilesOf,
  distributionOf,
  type Distribution,
  type ProjectionsSpec,
  type Reference,
} from '../bundle/reference.ts';

/** Edges of confidence: 0.05, 0.1 ... 0.95. */
const CONFIDENCE_EDGES = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** An answer about a picture that was not trained on. */
interface ReferenceAnswer {
  readonly label: string;
  readonly confidence: number;
  /** Value of the output by which the model abstains; absent where it has none. */
  readonly known?: number | undefined;
}

/** What {@link buildReference} is made of. */
export interface ReferenceInput {
  /** Of each picture its numbers by statistic, as `observationOf` names them; at least one picture. */
  readonly inputs: readonly Readonly<Record<string, number | undefined>>[];
  readonly labels: readonly string[];
  readonly answers: readonly ReferenceAnswer[];
  /** Which projections `inputs` has. */
  readonly projections?: ProjectionsSpec | undefined;
}

/**
 * Pure: the content of `reference.json`. Edges are exact: many pictures have the very same width or aspect, and would fall to the
 * other side of an edge that was rounded. A statistic that not every picture has is left out: it would describe only some
 * of them.
 */
export function buildReference({ inputs, labels, answers, projections }: ReferenceInput): Reference {
  const names = Object.keys(inputs[0] ?? {});
  const known = answers.flatMap((answer) => answer.known ?? []);
  return {
    schemaVersion: 1,
    count: inputs.length,
    inputs: Object.fromEntries(
      names.flatMap((name) => {
        const values = inputs.map((numbers) => numbers[name]).filter((value) => value !== undefined);
        return values.length === inputs.length ? [[name, byDeciles(values)]] : [];
      }),
    ),
    answers: {
      count: answers.length,
      labels: Object.fromEntries(labels.map((label) => [label, confidenceOf(answers, label).length])),
      confidence: Object.fromEntries(
        labels.flatMap((label) => {
          const values = confidenceOf(answers, label);
          return values.length === 0 ? [] : [[label, rounded(distributionOf(values, CONFIDENCE_EDGES))]];
        }),
      ),
      scores: {
        confidence: byDeciles(answers.map(({ confidence }) => confidence)),
        ...(known.length === answers.length && known.every(Number.isFinite) && { known: byDeciles(known) }),
      },
    },
    ...(projections !== undefined && { projections }),
  };
}

const confidenceOf = (answers: readonly ReferenceAnswer[], of: string): number[] =>
  answers.flatMap(({ label, confidence }) => (label === of ? [confidence] : []));

const byDeciles = (values: readonly number[]): Distribution => rounded(distributionOf(values, decilesOf(values)));

const round = (value: number): number => Number(value.toPrecision(6));

const rounded = ({ edges, counts, mean, std }: Distribution): Distribution => ({
  edges,
  counts,
  mean: round(mean),
  std: round(std),
});
