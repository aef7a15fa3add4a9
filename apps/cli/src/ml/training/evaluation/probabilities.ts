import { sigmoid, softmax } from '@pawl/shared/execution/answer';
import type { Head } from '../../../bundles/onnx/head.ts';

/**
 * Logits as probabilities by label, float64 [rows,labels] row by row; each row sums to 1.
 *
 * @param logits [rows] for `binary` (the second label's), [rows,outputs] for `multi-class`.
 */
export function toProbabilities(logits: ArrayLike<number>, kind: Head['kind'], outputs: number): Float64Array {
  if (kind === 'binary') {
    const out = new Float64Array(logits.length * 2);
    for (let row = 0; row < logits.length; row++) {
      const z = logits[row] ?? NaN;
      // Not 1 - sigmoid(z): that loses the digits of a small probability.
      out[row * 2] = sigmoid(-z);
      out[row * 2 + 1] = sigmoid(z);
    }
    return out;
  }
  const out = new Float64Array(logits.length);
  for (let from = 0; from < logits.length; from += outputs)
    out.set(softmax(Array.from({ length: outputs }, (_, k) => logits[from + k] ?? NaN)), from);
  return out;
}

/** What a model says about each row. */
export interface Answers {
  /** Index of the label that is answered. */
  readonly answered: Uint16Array;
  /** Probability of that label, 0..1. */
  readonly confidence: Float64Array;
}

/**
 * The answer of each row, by the service's own rule: with a threshold (two labels) the second label from there on, else
 * the first of the largest probabilities.
 *
 * @param probabilities [rows,labels] row by row.
 */
export function toAnswers(probabilities: ArrayLike<number>, labels: number, threshold?: number): Answers {
  const rows = probabilities.length / labels;
  const answered = new Uint16Array(rows);
  const confidence = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = row * labels;
    let best = 0;
    if (threshold === undefined) {
      for (let k = 1; k < labels; k++) if ((probabilities[from + k] ?? 0) > (probabilities[from + best] ?? 0)) best = k;
    } else {
      best = (probabilities[from + 1] ?? 0) >= threshold ? 1 : 0;
    }
    answered[row] = best;
    confidence[row] = probabilities[from + best] ?? 0;
  }
  return { answered, confidence };
}
