import type { Head } from '../../../bundles/onnx/head.ts';

/** Temperatures outside are refused: far beyond what any useful model needs. */
const SMALLEST_TEMPERATURE = 0.05;
const LARGEST_TEMPERATURE = 20;
/** Newton's steps double the digits; bisection, where it is needed, halves a range of 400 to less than a float64 digit. */
const MOST_STEPS = 100;
/** What chance exceeds once in twenty: the chi-squared distribution of one degree of freedom. */
const CHI_SQUARED_95 = 3.841;

/** A temperature and where it comes from. */
export interface Calibration {
  /** Logits are divided by it: above 1 the model was too sure, below 1 not sure enough. */
  readonly temperature: number;
  /**
   * `fitted`: the minimum of the loss. `bound`: it lies beyond 0.05 or 20. `separable`: every row is right, so that the
   * loss falls with ever surer answers and says nothing about calibration; the temperature stays 1. `unproven`: the rows may
   * well come from a calibrated model; the temperature stays 1.
   */
  readonly outcome: 'fitted' | 'bound' | 'separable' | 'unproven';
  /** Mean negative log-likelihood of the rows before and after; nats. */
  readonly before: number;
  readonly after: number;
}

/**
 * Temperature scaling (Guo et al. 2017, arXiv:1706.04599, section 4.2): the one number that logits are divided by so that
 * their likelihood is largest. In `b = 1 / temperature` the loss is convex, so the root of its derivative is found by
 * Newton's steps, kept in a bracket by bisection.
 *
 * @param logits of the validation split: [rows] for `binary`, else [rows,outputs] row by row.
 */
export function fitTemperature(
  logits: ArrayLike<number>,
  kind: Head['kind'],
  outputs: number,
  classes: ArrayLike<number>,
): Calibration {
  return fit(asSoftmax(logits, kind, outputs), classes);
}

/**
 * {@link fitTemperature}, where the rows speak against the temperature 1: Rao's score test, at the level of 5 %. If the model
 * is calibrated, the derivative of the loss at 1 has mean 0 and the variance of the logits under softmax. A few hundred rows
 * with hardly a wrong one fit any temperature, and prove none.
 */
export function chooseTemperature(
  logits: ArrayLike<number>,
  kind: Head['kind'],
  outputs: number,
  classes: ArrayLike<number>,
): Calibration {
  const rows = asSoftmax(logits, kind, outputs);
  const { loss, slope, curvature } = derivatives(rows, classes, 1);
  if (rows.length * slope ** 2 < CHI_SQUARED_95 * curvature)
    return { temperature: 1, outcome: 'unproven', before: loss, after: loss };
  return fit(rows, classes);
}

/** Pure: the temperature of rows of softmax logits. */
function fit(rows: readonly (readonly number[])[], classes: ArrayLike<number>): Calibration {
  const at = (b: number) => derivatives(rows, classes, b);
  const uncalibrated = at(1);
  const end = (b: number, outcome: Calibration['outcome']): Calibration => ({
    temperature: 1 / b,
    outcome,
    before: uncalibrated.loss,
    after: at(b).loss,
  });
  if (rows.every((row, index) => isRight(row, classes[index] ?? 0))) return end(1, 'separable');
  let low = 1 / LARGEST_TEMPERATURE;
  let high = 1 / SMALLEST_TEMPERATURE;
  if (at(low).slope >= 0) return end(low, 'bound');
  if (at(high).slope <= 0) return end(high, 'bound');
  let b = 1;
  for (let step = 0; step < MOST_STEPS; step++) {
    const { slope, curvature } = at(b);
    if (slope > 0) high = b;
    else low = b;
    const newton = b - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - b) <= 1e-12 * b) break;
    b = next;
  }
  return end(b, 'fitted');
}

/**
 * The head whose logits are `1 / temperature` times as large: weight and bias divided by it, so that what serves needs no
 * further step. The answers stay the same, only how sure they are changes.
 */
export function scaleHead(head: Head, temperature: number): Head {
  if (!(temperature > 0 && temperature < Infinity)) throw new RangeError(`${temperature} is no temperature.`);
  return {
    ...head,
    weight: head.weight.map((value) => value / temperature),
    bias: head.bias.map((value) => value / temperature),
  };
}

/** One logit as two: sigmoid(z) is the softmax of (0, z). */
function asSoftmax(logits: ArrayLike<number>, kind: Head['kind'], outputs: number): number[][] {
  return kind === 'binary'
    ? Array.from(logits, (z) => [0, z])
    : Array.from({ length: logits.length / outputs }, (_, row) =>
        Array.from({ length: outputs }, (_, k) => logits[row * outputs + k] ?? NaN),
      );
}

/** Whether no other logit is as large. */
function isRight(row: readonly number[], label: number): boolean {
  return row.every((z, k) => k === label || z < (row[label] ?? NaN));
}

/** Mean loss at logits times `b`, and its first and second derivative by `b`: mean and variance of the logits under softmax. */
function derivatives(rows: readonly (readonly number[])[], classes: ArrayLike<number>, b: number) {
  let loss = 0;
  let slope = 0;
  let curvature = 0;
  rows.forEach((row, index) => {
    const right = row[classes[index] ?? 0] ?? NaN;
    const largest = Math.max(...row);
    const weights = row.map((z) => Math.exp(b * (z - largest)));
    const total = weights.reduce((x, y) => x + y, 0);
    const mean = row.reduce((sum, z, k) => sum + (z * (weights[k] ?? 0)) / total, 0);
    const square = row.reduce((sum, z, k) => sum + ((z - mean) ** 2 * (weights[k] ?? 0)) / total, 0);
    loss += b * (largest - right) + Math.log(total);
    slope += mean - right;
    curvature += square;
  });
  return { loss: loss / rows.length, slope: slope / rows.length, curvature: curvature / rows.length };
}
