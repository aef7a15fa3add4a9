/** Linear head: `logits = features . weight^T + bias`. */
export interface Head {
  /** `binary`: one logit, sigmoid gives the probability of class 1. `multi-class`: one logit a class, softmax. */
  readonly kind: 'binary' | 'multi-class';
  /** `outputs * width` float32, row by row: [1,width] or [classes,width]. */
  readonly weight: Float32Array;
  /** `outputs`. */
  readonly bias: Float32Array;
  readonly width: number;
  readonly outputs: number;
}

/** Customary names of the output of a head, of two labels and of more. */
export const headOutputs = ['logit', 'logits'] as const;
