import type { AbstainSpec, Manifest } from '../bundle/manifest.ts';

/** What a model says about one image. */
export interface Answer {
  readonly label: string;
  /** Probability of `label`, 0..1. */
  readonly confidence: number;
  /** Probability by label, in the manifest's order; they sum to 1. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Whether the picture is probably none of the labels; absent when the manifest has no `abstain`. */
  readonly abstained?: boolean;
}

/** Which graph of a bundle of two answered. */
type Stage = 'first' | 'final';

/** What the graph said about one image. */
export interface ModelOutput {
  /** Values of the output that names the label: [1] for a binary one, else [labels]. */
  readonly output: ArrayLike<number>;
  /** Value of the output that knows the model's limits, where the manifest abstains by one. */
  readonly known?: number | undefined;
  /** Which graph said it; absent where the bundle has one. */
  readonly stage?: Stage | undefined;
}

/** What {@link toAnswer} needs of a manifest. */
export type AnswerSpec = Pick<Manifest, 'labels' | 'output'> & { readonly abstain?: AbstainSpec | undefined };

/** Logistic function, stable for large magnitudes of either sign. */
export function sigmoid(logit: number): number {
  if (logit >= 0) return 1 / (1 + Math.exp(-logit));
  const e = Math.exp(logit);
  return e / (1 + e);
}

/** Softmax, shifted by the maximum so that no exponential overflows. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = values.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** The value of an output that has one; NaN where it has another number of them. */
const onlyOf = (output: ArrayLike<number>): number => (output.length === 1 ? (output[0] ?? NaN) : NaN);

function toProbabilities(output: ArrayLike<number>, spec: AnswerSpec): number[] {
  switch (spec.output.kind) {
    case 'binary-logit': {
      const second = sigmoid(onlyOf(output));
      return [1 - second, second];
    }
    case 'binary-probability': {
      const second = onlyOf(output);
      return [1 - second, second];
    }
    case 'softmax-logits':
      return softmax(output);
    case 'probabilities':
      return Array.from(output);
  }
}

/** `log(sum(exp(values)))`, shifted by the maximum so that no exponential overflows. */
export function logSumExp(values: ArrayLike<number>): number {
  const numbers = Array.from(values);
  const largest = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest + Math.log(numbers.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

/** The score that {@link AbstainSpec} names, higher for pictures like those that the model was trained on. */
export function familiarity(
  score: AbstainSpec['score'],
  { output, known = NaN }: ModelOutput,
  probabilities: readonly number[],
): number {
  switch (score) {
    case undefined:
      return known;
    case 'energy':
      return logSumExp(output);
    case 'max-probability':
      return Math.max(...probabilities);
  }
}

/**
 * What the graph said about one image as probabilities and a label: the threshold decides between two labels, the largest
 * probability between more. Undefined when a value that is needed is not finite.
 */
export function toAnswer(said: ModelOutput, spec: AnswerSpec): Answer | undefined {
  const values = toProbabilities(said.output, spec);
  if (values.length !== spec.labels.length || !values.every(Number.isFinite)) return undefined;
  const abstained = spec.abstain === undefined ? undefined : abstains(said, spec.abstain, values);
  if (abstained === undefined && spec.abstain !== undefined) return undefined;
  const index =
    'threshold' in spec.output
      ? Number((values[1] ?? 0) >= spec.output.threshold)
      : values.indexOf(Math.max(...values));
  return {
    label: spec.labels[index] ?? '',
    confidence: values[index] ?? 0,
    probabilities: Object.fromEntries(spec.labels.map((label, i) => [label, values[i] ?? 0])),
    ...(abstained !== undefined && { abstained }),
  };
}

/** Whether the model abstains; undefined when the score is not finite. */
function abstains(said: ModelOutput, spec: AbstainSpec, probabilities: readonly number[]): boolean | undefined {
  // It has answered because it takes the picture for one of the labels, by an output of its own scale.
  if (said.stage === 'first' && spec.score === undefined) return false;
  const score = familiarity(spec.score, said, probabilities);
  return Number.isFinite(score) ? score < spec.threshold : undefined;
}

/**
 * The largest probabilities of an answer, largest first, and before them the one of its label, which a threshold may have
 * chosen against them.
 * @param labels all of them, in the manifest's order.
 * @param count how many; 0, or at least as many as there are: all, in that order.
 */
export function largest(
  { label, probabilities }: Answer,
  labels: readonly string[],
  count: number,
): (readonly [label: string, value: number])[] {
  const all = labels.map((each) => [each, probabilities[each] ?? 0] as const);
  if (count === 0 || count >= all.length) return all;
  const rank = ([name, value]: readonly [string, number]): number => (name === label ? Infinity : value);
  return all.sort((a, b) => rank(b) - rank(a)).slice(0, count);
}
