import type { RandomStream } from '@pawl/shared/statistics/random';
import type { Head } from '../../../bundles/onnx/head.ts';
import type { FeatureTable } from '../../types.ts';

/** Weight and bias while they are trained: float64, `weight` [outputs,width] row by row. */
export interface LinearParameters {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** Initialised as `torch.nn.Linear`: weight and bias uniform in `-1/sqrt(width) .. 1/sqrt(width)`. */
export function initialParameters(width: number, outputs: number, random: RandomStream): LinearParameters {
  const bound = 1 / Math.sqrt(width);
  const uniform = () => (random.next() * 2 - 1) * bound;
  return {
    weight: Float64Array.from({ length: outputs * width }, uniform),
    bias: Float64Array.from({ length: outputs }, uniform),
  };
}

/**
 * `out = rows . weight^T + bias`, summed in float64 and in one order, so that the same input gives the same bits.
 *
 * @param values at least `rows * width` numbers, row by row.
 * @param out at least `rows * outputs`; overwritten.
 */
export function forward(
  values: Float32Array | Float64Array,
  rows: number,
  width: number,
  { weight, bias }: LinearParameters | Head,
  out: Float64Array,
): void {
  const outputs = bias.length;
  const quads = width - (width % 4);
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    for (let output = 0; output < outputs; output++) {
      const weights = output * width;
      // Four sums at once: each addition would else wait for the one before.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let i = 0; i < quads; i += 4) {
        a += (values[from + i] ?? 0) * (weight[weights + i] ?? 0);
        b += (values[from + i + 1] ?? 0) * (weight[weights + i + 1] ?? 0);
        c += (values[from + i + 2] ?? 0) * (weight[weights + i + 2] ?? 0);
        d += (values[from + i + 3] ?? 0) * (weight[weights + i + 3] ?? 0);
      }
      for (let i = quads; i < width; i++) a += (values[from + i] ?? 0) * (weight[weights + i] ?? 0);
      out[row * outputs + output] = (bias[output] ?? 0) + (a + b + (c + d));
    }
  }
}

/** Logits of a head, float64 [rows,outputs] row by row; dropout is off, as it is when a model answers. */
export function headLogits(head: Head, table: Pick<FeatureTable, 'values' | 'rows' | 'width'>): Float64Array {
  if (table.width !== head.width)
    throw new RangeError(`The head takes ${head.width} features and the table has ${table.width}.`);
  const logits = new Float64Array(table.rows * head.outputs);
  forward(table.values, table.rows, table.width, head, logits);
  return logits;
}
