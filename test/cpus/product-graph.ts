import { create } from '@bufbuild/protobuf';
import type { GraphSpec } from '@pawl/shared/execution/onnx-session';
import { TensorProtoSchema } from '../../apps/cli/src/bundles/onnx/onnx_pb.ts';
import { aModel, bytesOf, dtype, node, value } from '../../apps/cli/test/support/graphs.ts';

const WIDTH = 16;
const VALUES = WIDTH * 3;
const WEIGHTS = [63, 127] as const;
/** Columns of each weight: as many as a kernel takes at once. */
const COLUMNS = 16;
const OUTPUTS = WEIGHTS.length * COLUMNS;
/** Element types by the numbers of ONNX. */
const INT8 = 3;

/** A graph of one product of bytes with signed bytes, what it takes, and what is right. */
export interface ProductGraph {
  readonly bytes: Uint8Array;
  readonly spec: GraphSpec;
  /** All white. */
  readonly pixels: Uint8Array;
  /** The largest sums of weights of 7 and of 8 bits, as they would be exact. */
  readonly exact: { readonly sevenBits: number; readonly eightBits: number };
  /** What a run gave as sums of weights of 7 and of 8 bits. */
  readonly split: (output: readonly number[]) => {
    readonly sevenBits: readonly number[];
    readonly eightBits: readonly number[];
  };
}

/** `out = pixels * weights`: the first columns of the weights are the largest of 7 bits, the others of 8. */
export function productGraph(): ProductGraph {
  const ofOnePixel = WEIGHTS.flatMap((weight) => Array<number>(COLUMNS).fill(weight));
  const weights = create(TensorProtoSchema, {
    name: 'weights',
    dataType: INT8,
    dims: [BigInt(VALUES), BigInt(OUTPUTS)],
    rawData: Uint8Array.from(Array.from({ length: VALUES }, () => ofOnePixel).flat()),
  });
  const model = aModel({
    input: [value('image', dtype.uint8, ['N', 1, WIDTH, 3])],
    output: [value('out', dtype.float32, ['N', OUTPUTS])],
    initializer: [weights],
    node: [
      node('Flatten', ['image'], 'row', { axis: 1 }),
      node('MatMulInteger', ['row', 'weights'], 'sums'),
      node('Cast', ['sums'], 'out', { to: dtype.float32 }),
    ],
  });
  return {
    bytes: bytesOf(model),
    spec: {
      input: {
        name: 'image',
        layout: 'NHWC',
        dtype: 'uint8',
        width: WIDTH,
        height: 1,
        fit: 'fill',
        kernel: 'lanczos3',
        scale: 1,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
      outputs: ['out'],
    },
    pixels: new Uint8Array(VALUES).fill(255),
    exact: { sevenBits: VALUES * 255 * WEIGHTS[0], eightBits: VALUES * 255 * WEIGHTS[1] },
    split: (output) => ({ sevenBits: output.slice(0, COLUMNS), eightBits: output.slice(COLUMNS) }),
  };
}
