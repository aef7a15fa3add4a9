import { create } from '@bufbuild/protobuf';
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../src/bundles/onnx/onnx_pb.ts';
import { type GraphModel, writeGraph } from '../../src/bundles/onnx/read-graph.ts';
import { floatTensor } from '../../src/bundles/onnx/replace-head.ts';

/** Element types by the numbers of ONNX. */
export const dtype = { float32: 1, uint8: 2, int64: 7 } as const;
type Shape = readonly (number | string)[];

export function value(name: string, elemType: number, shape: Shape): ValueInfoProto {
  const dim = shape.map((size) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: size } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } },
  });
}

export function node(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
  domain = '',
): NodeProto {
  return create(NodeProtoSchema, {
    name: output,
    opType,
    domain,
    input: [...input],
    output: [output],
    attribute: Object.entries(attributes).map(([name, given]) =>
      typeof given === 'number' ? { name, i: BigInt(given), type: 2 } : { name, ints: given.map(BigInt), type: 7 },
    ),
  });
}

export function aModel(graph: Partial<Pick<GraphProto, 'node' | 'initializer' | 'input' | 'output'>>): GraphModel {
  const made = create(GraphProtoSchema, { name: 'test', ...graph });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'pawl-test',
    opsetImport: [
      { domain: '', version: 17n },
      { domain: 'com.example', version: 1n },
    ],
    graph: made,
  });
  return Object.assign(model, { graph: made });
}

export interface ColourModel {
  /** Rows of the head, a value for each of red, green and blue; default: one logit, blue minus red. */
  readonly weight?: readonly (readonly number[])[];
  readonly layout?: 'NHWC' | 'NCHW';
  readonly dtype?: 'uint8' | 'float32';
  /** Height and width. */
  readonly size?: readonly [number | string, number | string];
  readonly batch?: number | string;
  /** Operator after the head. */
  readonly last?: 'Softmax' | 'Sigmoid' | 'LogSoftmax';
  /** Have `features` [N,3] as a second output. */
  readonly withFeatures?: boolean;
  /** Have `known` [N,1] as a further output: how bright the picture is in its brightest colour. */
  readonly withKnown?: boolean;
}

/** A model that sees the mean colour of a picture: mean of R, G, B, 0 to 4 -> head -> `out`. Its `features` are those three. */
export function colourModel({
  weight = [[-3, 0, 3]],
  layout = 'NHWC',
  dtype: type = 'uint8',
  size = [16, 16],
  batch = 'N',
  last,
  withFeatures = true,
  withKnown = false,
}: ColourModel = {}): GraphModel {
  const outputs = weight.length;
  const [height, width] = size;
  const shape = layout === 'NHWC' ? [batch, height, width, 3] : [batch, 3, height, width];
  const axes = layout === 'NHWC' ? [1, 2] : [2, 3];
  const logits = last === undefined ? 'out' : 'logits';
  return aModel({
    input: [value('image', dtype[type], shape)],
    node: [
      node('Cast', ['image'], 'floats', { to: dtype.float32 }),
      node('ReduceMean', ['floats'], 'mean', { axes, keepdims: 0 }),
      node('Mul', ['mean', 'scale'], 'features'),
      ...(withKnown ? [node('ReduceMax', ['features'], 'known', { axes: [1], keepdims: 1 })] : []),
      node('Gemm', ['features', 'w', 'b'], logits, { transB: 1 }),
      ...(last === undefined ? [] : [node(last, ['logits'], 'out', last === 'Sigmoid' ? {} : { axis: 1 })]),
    ],
    initializer: [
      floatTensor('scale', [], Float32Array.of(1 / 64)),
      floatTensor('w', [outputs, 3], Float32Array.from(weight.flat())),
      floatTensor('b', [outputs], new Float32Array(outputs)),
    ],
    output: [
      value('out', dtype.float32, [batch, outputs]),
      ...(withFeatures ? [value('features', dtype.float32, [batch, 3])] : []),
      ...(withKnown ? [value('known', dtype.float32, [batch, 1])] : []),
    ],
  });
}

/** One logit for each of red, green and blue. */
export const threeColours: ColourModel['weight'] = [
  [3, 0, 0],
  [0, 3, 0],
  [0, 0, 3],
];

export const bytesOf = (model: GraphModel): Uint8Array => writeGraph(model);
