import { shareInterval, type ShareInterval } from '@pawl/shared/statistics/share-interval';
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

/** A threshold, and what share of new pictures it is expected to abstain from. */
export interface AbstainThreshold {
  /** Scores below it abstain. */
  readonly threshold: number;
  /** Over many choices on as many scores, 0..1. */
  readonly expected: number;
}

/**
 * The largest threshold of which no more than `rate` of new pictures are expected to lie below. Of `n` scores and a new one
 * each is equally likely to be the k-th smallest of all, so a new one lies below the k-th of the `n` with probability
 * `k / (n + 1)`: the n-th part would be too much. (The argument of split conformal prediction: Vovk et al. 2005; Lei et al.
 * 2018, arXiv:1604.04173.)
 *
 * Undefined when `rate` is 0, or so small that not even the smallest of the scores is within it: the model always answers.
 *
 * @param scores of pictures that were not trained on. @param rate 0..1.
 */
export function chooseAbstainThreshold(scores: ArrayLike<number>, rate: number): AbstainThreshold | undefined {
  const count = scores.length;
  // 0.29 * 100 is a little less than 29.
  const rank = Math.min(Math.floor(rate * (count + 1) + 1e-9), count);
  const threshold = Float64Array.from(scores).sort()[rank - 1];
  return threshold === undefined ? undefined : { threshold, expected: rank / (count + 1) };
}

/** What a threshold does. Shares are 0..1. */
export interface AbstainReport {
  readonly spec: AbstainSpec;
  /** Share of new pictures of the labels that the choice of the threshold promises; undefined where it was not chosen here. */
  readonly expected?: number | undefined;
  /** Share of the labelled pictures that it abstains from. */
  readonly share: number;
  /** Exact 95 % interval of `share`. */
  readonly interval: ShareInterval;
  /** Of all labelled pictures. */
  readonly accuracy: number;
  /** Of those that it does not abstain from; NaN when there is none. */
  readonly accuracyOfAnswered: number;
  /** Pictures of none of the labels, where some were measured. */
  readonly neither?: {
    readonly count: number;
    /** Share of them that it abstains from. */
    readonly caught: number;
    /** Exact 95 % interval of `caught`. */
    readonly interval: ShareInterval;
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
  const abstained = right.length - answered.length;
  return {
    spec,
    share: abstained / right.length,
    interval: shareInterval(abstained, right.length),
    accuracy: shareOf(right),
    accuracyOfAnswered: shareOf(answered),
    ...(neitherScores !== undefined && neitherScores.length > 0 && { neither: caughtOf(spec, neitherScores) }),
  };
}

function caughtOf({ threshold }: AbstainSpec, scores: ArrayLike<number>): NonNullable<AbstainReport['neither']> {
  const caught = Array.from(scores).filter((score) => score < threshold).length;
  return { count: scores.length, caught: caught / scores.length, interval: shareInterval(caught, scores.length) };
}

/** Logits and probabilities of some rows, as {@link familiarityScores} takes them. */
export interface ScoredRows {
  readonly logits: ArrayLike<number>;
  readonly probabilities: ArrayLike<number>;
  readonly rows: number;
  /** [rows] of the output that a manifest abstains by, where it does. */
  readonly known?: ArrayLike<number> | undefined;
}

/** What {@link chooseAbstaining} chooses. */
export interface ChosenAbstaining {
  readonly spec: AbstainSpec;
  /** As {@link AbstainThreshold.expected}. */
  readonly expected: number;
}

/**
 * What to abstain by, and from which score on. A graph that says itself what it knows is believed. Else of the scores that
 * suit the head the one that catches most of the pictures of neither (the largest probability when there are none). A single
 * logit has no energy of its own: its log-sum-exp is the logit, low for every picture of the first label.
 *
 * @param val pictures that were not trained on. @param output that `known` of them is of, where there is one.
 */
export function chooseAbstaining(
  kind: Head['kind'],
  val: ScoredRows,
  rate: number,
  { neither, output }: { readonly neither?: ScoredRows | undefined; readonly output?: string | undefined } = {},
): ChosenAbstaining | undefined {
  if (output !== undefined) {
    const chosen = chooseAbstainThreshold(familiarityScores(undefined, val), rate);
    return chosen && { spec: { output, threshold: chosen.threshold }, expected: chosen.expected };
  }
  const scores: ('max-probability' | 'energy')[] =
    kind === 'binary' || neither === undefined ? ['max-probability'] : ['max-probability', 'energy'];
  let best: (ChosenAbstaining & { readonly caught: number }) | undefined;
  for (const score of scores) {
    const of = (said: ScoredRows) => familiarityScores(score, said);
    const chosen = chooseAbstainThreshold(of(val), rate);
    if (chosen === undefined) return undefined;
    const { threshold, expected } = chosen;
    const caught = neither === undefined ? 0 : of(neither).filter((value) => value < threshold).length;
    if (best === undefined || caught > best.caught) best = { spec: { score, threshold }, expected, caught };
  }
  return best && { spec: best.spec, expected: best.expected };
}

function shareOf(values: readonly boolean[]): number {
  return values.filter(Boolean).length / values.length;
}
