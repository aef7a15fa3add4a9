/** Loss and right answers of a batch; the gradient is written into the array that was given. */
export interface BatchLoss {
  /** Mean over the rows, each counting as much as its class; nats. */
  readonly loss: number;
  /** Rows whose answer is right: logit >= 0 is class 1; the first of the largest logits else. */
  readonly right: number;
}

/**
 * A loss over a batch of logits [rows,outputs], with the gradient of the mean loss by each logit. `weights` says how much a row
 * of each class counts; the mean is divided by their sum over the rows, as `torch.nn.CrossEntropyLoss(weight=...)` does.
 * Without them all count 1.
 */
export type Loss = (
  logits: Float64Array,
  classes: ArrayLike<number>,
  rows: number,
  outputs: number,
  gradient?: Float64Array,
  weights?: ArrayLike<number>,
) => BatchLoss;

/** What the mean is divided by: the weights of all rows. */
function totalWeight(classes: ArrayLike<number>, rows: number, weights: ArrayLike<number> | undefined): number {
  if (weights === undefined) return rows;
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += weights[classes[row] ?? 0] ?? 0;
  return sum;
}

/**
 * `torch.nn.BCEWithLogitsLoss`, mean: `l = max(z, 0) - z * y + log(1 + exp(-|z|))`, which neither overflows nor loses
 * digits for logits of any size. Gradient: `(sigmoid(z) - y) / rows`. One output.
 */
export const binaryCrossEntropy: Loss = (logits, classes, rows, _outputs, gradient, weights) => {
  const all = totalWeight(classes, rows, weights);
  let total = 0;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const z = logits[row] ?? 0;
    const y = classes[row] ?? 0;
    const e = Math.exp(-Math.abs(z));
    const weight = weights?.[y] ?? 1;
    total += weight * (Math.max(z, 0) - z * y + Math.log1p(e));
    if ((z >= 0 ? 1 : 0) === y) right++;
    if (gradient !== undefined) gradient[row] = (weight * ((z >= 0 ? 1 : e) / (1 + e) - y)) / all;
  }
  return { loss: total / all, right };
};

/**
 * `torch.nn.CrossEntropyLoss`, mean: `l = logsumexp(z) - z[y]`, shifted by the largest logit. Gradient:
 * `(softmax(z) - onehot(y)) / rows`.
 */
export const softmaxCrossEntropy: Loss = (logits, classes, rows, outputs, gradient, weights) => {
  const all = totalWeight(classes, rows, weights);
  let total = 0;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const from = row * outputs;
    const y = classes[row] ?? 0;
    let best = 0;
    for (let k = 1; k < outputs; k++) if ((logits[from + k] ?? 0) > (logits[from + best] ?? 0)) best = k;
    const largest = logits[from + best] ?? 0;
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += Math.exp((logits[from + k] ?? 0) - largest);
    const weight = weights?.[y] ?? 1;
    total += weight * (largest + Math.log(sum) - (logits[from + y] ?? 0));
    if (best === y) right++;
    if (gradient === undefined) continue;
    for (let k = 0; k < outputs; k++) {
      const softmax = Math.exp((logits[from + k] ?? 0) - largest) / sum;
      gradient[from + k] = (weight * (softmax - (k === y ? 1 : 0))) / all;
    }
  }
  return { loss: total / all, right };
};

/**
 * How much a row of each class counts. `balanced`: inversely to how often the class is there, so that each class counts as
 * much as the others and a row 1 on average (`class_weight='balanced'` of scikit-learn). `none`: undefined, all count 1.
 */
export function classWeights(
  mode: 'none' | 'balanced',
  classes: ArrayLike<number>,
  labels: number,
): Float64Array | undefined {
  if (mode === 'none') return undefined;
  const counts = new Float64Array(labels);
  for (let row = 0; row < classes.length; row++) counts[classes[row] ?? 0] = (counts[classes[row] ?? 0] ?? 0) + 1;
  return counts.map((count) => (count === 0 ? 0 : classes.length / (labels * count)));
}
