import type { Evaluation, ReliabilityBin } from '../../types.ts';
import { toAnswers, type Answers } from './probabilities.ts';
import { rocAuc, computeRocCurve } from './roc.ts';

/** Bins of confidence in the calibration error (Guo et al. 2017). */
const RELIABILITY_BINS = 15;
/** Probabilities are taken to be no smaller, as scikit-learn does, so that one sure mistake costs 36 nats and not infinity. */
const SMALLEST = Number.EPSILON;

/**
 * Measures answers against the truth.
 *
 * @param probabilities [rows,labels] row by row, as {@link toProbabilities} makes them.
 * @param classes index of the true label of each row.
 * @param threshold probability of the second of two labels from which it is the answer; without one the larger wins.
 * @throws RangeError no row, or sizes that do not fit, or a probability that is not within 0..1.
 */
export function evaluate(
  probabilities: ArrayLike<number>,
  classes: ArrayLike<number>,
  labels: readonly string[],
  threshold?: number,
): Evaluation {
  const count = classes.length;
  if (count === 0 || probabilities.length !== count * labels.length)
    throw new RangeError(`${probabilities.length} probabilities do not fit ${count} rows and ${labels.length} labels.`);
  const stray = Array.from(probabilities).find((value) => !(value >= 0 && value <= 1));
  if (stray !== undefined) throw new RangeError(`${stray} is no probability.`);
  const answers = toAnswers(probabilities, labels.length, threshold);
  const confusion = confusionOf(classes, answers, labels.length);
  const reliability = reliabilityOf(classes, answers);
  const positives = labels.length === 2 ? [1] : labels.map((_, index) => index);
  const curves = positives.map((label) => {
    const scores = Float64Array.from({ length: count }, (_, row) => probabilities[row * labels.length + label] ?? 0);
    const positive = (row: number) => classes[row] === label;
    return { label: labels[label] ?? '', auc: rocAuc(scores, positive), points: computeRocCurve(scores, positive) };
  });
  return {
    count,
    accuracy: sum(confusion.map((row, index) => row[index] ?? 0)) / count,
    recall: Object.fromEntries(labels.map((label, index) => [label, recallOf(confusion[index] ?? [], index)])),
    rocAuc: sum(curves.map(({ auc }) => auc)) / curves.length,
    logLoss: logLossOf(probabilities, classes, labels.length),
    ece: sum(reliability.map((bin) => (bin.count / count) * Math.abs(bin.accuracy - bin.confidence))),
    confusion,
    reliability,
    roc: Object.fromEntries(curves.map(({ label, points }) => [label, points])),
    rocAucByLabel: Object.fromEntries(curves.map(({ label, auc }) => [label, auc])),
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function confusionOf(classes: ArrayLike<number>, { answered }: Answers, labels: number): number[][] {
  const counts = Array.from({ length: labels }, () => Array.from({ length: labels }, () => 0));
  for (let row = 0; row < classes.length; row++) {
    const actual = counts[classes[row] ?? 0];
    const answer = answered[row] ?? 0;
    if (actual === undefined) throw new RangeError(`Class ${classes[row]} of ${labels} labels.`);
    actual[answer] = (actual[answer] ?? 0) + 1;
  }
  return counts;
}

/** NaN for a label that no row has. */
function recallOf(row: readonly number[], label: number): number {
  return (row[label] ?? 0) / sum(row);
}

function logLossOf(probabilities: ArrayLike<number>, classes: ArrayLike<number>, labels: number): number {
  let total = 0;
  for (let row = 0; row < classes.length; row++)
    total -= Math.log(Math.max(probabilities[row * labels + (classes[row] ?? 0)] ?? 0, SMALLEST));
  return total / classes.length;
}

/** Bins `(lower, upper]` of confidence, all of one width; the first takes 0 too. */
function reliabilityOf(classes: ArrayLike<number>, { answered, confidence }: Answers): ReliabilityBin[] {
  const bins = Array.from({ length: RELIABILITY_BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  confidence.forEach((value, row) => {
    const bin = bins[Math.max(0, Math.ceil(value * RELIABILITY_BINS) - 1)];
    if (bin === undefined) return;
    bin.count++;
    bin.confidence += value;
    if (answered[row] === classes[row]) bin.right++;
  });
  return bins.map((bin, index) => ({
    lower: index / RELIABILITY_BINS,
    upper: (index + 1) / RELIABILITY_BINS,
    count: bin.count,
    confidence: bin.count === 0 ? 0 : bin.confidence / bin.count,
    accuracy: bin.count === 0 ? 0 : bin.right / bin.count,
  }));
}
