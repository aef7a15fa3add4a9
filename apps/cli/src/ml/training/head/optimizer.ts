/** Adam's constants besides the learning rate; the defaults are PyTorch's. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** L2: `weight_decay * parameter` is added to the gradient (not AdamW). */
  readonly weightDecay: number;
}

/** Changes parameters in place by their gradients; keeps the moments between steps. */
export interface Adam {
  step(lr: number, gradients: readonly Float64Array[]): void;
}

/**
 * `torch.optim.Adam` (Kingma and Ba 2015, arXiv:1412.6980, with L2 in the gradient), in float64:
 *
 *     g = gradient + weight_decay * p
 *     m = beta1 * m + (1 - beta1) * g        v = beta2 * v + (1 - beta2) * g^2
 *     p = p - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *
 * @param parameters changed by each step; every one decays, the bias too, as in PyTorch without parameter groups.
 */
export function createAdam(
  parameters: readonly Float64Array[],
  { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 }: Partial<AdamOptions> = {},
): Adam {
  const first = parameters.map(({ length }) => new Float64Array(length));
  const second = parameters.map(({ length }) => new Float64Array(length));
  let t = 0;
  return {
    step(lr, gradients) {
      t++;
      const size = lr / (1 - beta1 ** t);
      const correction = Math.sqrt(1 - beta2 ** t);
      parameters.forEach((values, which) => {
        const gradient = gradients[which];
        const m = first[which];
        const v = second[which];
        if (gradient === undefined || m === undefined || v === undefined || gradient.length !== values.length)
          throw new RangeError('A gradient has not the size of its parameter.');
        for (let i = 0; i < values.length; i++) {
          const value = values[i] ?? 0;
          const g = (gradient[i] ?? 0) + weightDecay * value;
          const mean = beta1 * (m[i] ?? 0) + (1 - beta1) * g;
          const square = beta2 * (v[i] ?? 0) + (1 - beta2) * g * g;
          m[i] = mean;
          v[i] = square;
          values[i] = value - (size * mean) / (Math.sqrt(square) / correction + eps);
        }
      });
    },
  };
}

/** `torch.optim.lr_scheduler.StepLR`: the rate of an epoch, counted from 1. */
export function stepLr(lr: number, epoch: number, stepSize: number, gamma: number): number {
  return lr * gamma ** Math.floor((epoch - 1) / stepSize);
}
