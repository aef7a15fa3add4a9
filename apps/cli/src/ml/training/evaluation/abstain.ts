import { familiarity } from '@pawl/shared/execution/answer';
import type { AbstainSpec } from '@pawl/shared/bundle/manifest';
import type { Head } from '../../../bundles/onnx/head.ts';

/**
 * Scores of {@link familiarity} by row, float64: higher for pictures like those that the model was trained on.
 *
 * @param logits [rows] for `binary`, else [rows,outputs]; probabilities [rows,labels]; both row by row.
 * @param known [rows] of the output that a manifest abstains by, where it does.
 */
export function familiarityScores(
  score: AbstainSpec['score'],
  { logits, probabilities, rows, known }: ScoredRows,
): Float64Array {
  const part = (values: ArrayLike<number>, row: number) => {
    const width = values.length / rows;
    return Array.from({ length: width }, (_, i) => values[row * width + i] ?? NaN);
  };
  return Float64Array.from({ length: rows }, (_, row) =>
    familiarity(score, { output: part(logits, row), known: known?.[row] }, part(probabilities, row)),
  );
}

/**
 * The largest threshold that abstains from no more than `rate` of these scores; a score below the threshold abstains.
 * Undefined when `rate` is 0: the model always answers.
 *
 * @param scores of the validation split. @param rate 0..1.
 */
export function chooseAbstainThreshold(scores: ArrayLike<number>, rate: number): number | undefined {
  if (rate <= 0 || scores.length === 0) return undefined;
  const sorted = Float64Array.from(scores).sort();
  // 0.29 * 100 is a little less than 29.
  return sorted[Math.min(Math.floor(rate * sorted.length + 1e-9), sorted.length - 1)];
}

/** What a threshold does. Shares are 0..1. */
export interface AbstainReport {
  readonly spec: AbstainSpec;
  /** Share of the labelled pictures that it abstains from. */
  readonly share: number;
  /** Of all labelled pictures. */
  readonly accuracy: number;
  /** Of those that it does not abstain from; NaN when there is none. */
  readonly accuracyOfAnswered: number;
  /** Pictures of none of the labels, where some were measured. */
  readonly neither?: {
    readonly count: number;
    /** Share of them that it abstains from. */
    readonly caught: number;
  };
}

/**
 * Measures a threshold.
 *
 * @param scores of the test split. @param right whether its answers are right, row by row.
 * @param neitherScores of pictures of none of the labels.
 */
export function measureAbstaining(
  spec: AbstainSpec,
  scores: ArrayLike<number>,
  right: readonly boolean[],
  neitherScores?: ArrayLike<number>,
): AbstainReport {
  const answered = right.filter((_, row) => (scores[row] ?? NaN) >= spec.threshold);
  return {
    spec,
    share: 1 - answered.length / right.length,
    accuracy: shareOf(right),
    accuracyOfAnswered: shareOf(answered),
    ...(neitherScores !== undefined &&
      neitherScores.length > 0 && {
        neither: {
          count: neitherScores.length,
          caught: shareOf(Array.from(neitherScores, (score) => score < spec.threshold)),
        },
      }),
  };
}

/** Logits and probabilities of some rows, as {@link familiarityScores} takes them. */
export interface ScoredRows {
  readonly logits: ArrayLike<number>;
  readonly probabilities: ArrayLike<number>;
  readonly rows: number;
  /** [rows] of the output that a manifest abstains by, where it does. */
  readonly known?: ArrayLike<number> | undefined;
}

/**
 * Score and threshold: of the scores that suit the head, the one that catches most of the pictures of neither (the
 * largest probability when there are none). A single logit has no energy of its own: its log-sum-exp is the logit, low
 * for every picture of the first label.
 */
export function chooseAbstaining(
  kind: Head['kind'],
  val: ScoredRows,
  rate: number,
  neither?: ScoredRows,
): AbstainSpec | undefined {
  const scores: ('max-probability' | 'energy')[] =
    kind === 'binary' || neither === undefined ? ['max-probability'] : ['max-probability', 'energy'];
  let best: { readonly spec: AbstainSpec; readonly caught: number } | undefined;
  for (const score of scores) {
    const of = (said: ScoredRows) => familiarityScores(score, said);
    const threshold = chooseAbstainThreshold(of(val), rate);
    if (threshold === undefined) return undefined;
    const caught = neither === undefined ? 0 : of(neither).filter((value) => value < threshold).length;
    if (best === undefined || caught > best.caught) best = { spec: { score, threshold }, caught };
  }
  return best?.spec;
}

function shareOf(values: readonly boolean[]): number {
  return values.filter(Boolean).length / values.length;
}
