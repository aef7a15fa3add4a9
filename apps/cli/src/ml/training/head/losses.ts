/** Loss and right answers of a batch; the gradient is written into the array that was given. */
export interface BatchLoss {
  /** Mean over the rows; nats. */
  readonly loss: number;
  /** Rows whose answer is right: logit >= 0 is class 1; the first of the largest logits else. */
  readonly right: number;
}

/** A loss over a batch of logits [rows,outputs], with the gradient of the mean loss by each logit. */
export type Loss = (
  logits: Float64Array,
  classes: ArrayLike<number>,
  rows: number,
  outputs: number,
  gradient?: Float64Array,
) => BatchLoss;

/**
 * `torch.nn.BCEWithLogitsLoss`, mean: `l = max(z, 0) - z * y + log(1 + exp(-|z|))`, which neither overflows nor loses
 * digits for logits of any size. Gradient: `(sigmoid(z) - y) / rows`. One output.
 */
export const binaryCrossEntropy: Loss = (logits, classes, rows, _outputs, gradient) => {
  let total = 0;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const z = logits[row] ?? 0;
    const y = classes[row] ?? 0;
    const e = Math.exp(-Math.abs(z));
    total += Math.max(z, 0) - z * y + Math.log1p(e);
    if ((z >= 0 ? 1 : 0) === y) right++;
    if (gradient !== undefined) gradient[row] = ((z >= 0 ? 1 : e) / (1 + e) - y) / rows;
  }
  return { loss: total / rows, right };
};

/**
 * `torch.nn.CrossEntropyLoss`, mean: `l = logsumexp(z) - z[y]`, shifted by the largest logit. Gradient:
 * `(softmax(z) - onehot(y)) / rows`.
 */
export const softmaxCrossEntropy: Loss = (logits, classes, rows, outputs, gradient) => {
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
    total += largest + Math.log(sum) - (logits[from + y] ?? 0);
    if (best === y) right++;
    if (gradient === undefined) continue;
    for (let k = 0; k < outputs; k++) {
      const softmax = Math.exp((logits[from + k] ?? 0) - largest) / sum;
      gradient[from + k] = (softmax - (k === y ? 1 : 0)) / rows;
    }
  }
  return { loss: total / rows, right };
};
