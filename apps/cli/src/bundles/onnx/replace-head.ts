import { create } from '@bufbuild/protobuf';
import { CliError } from '../../errors/cli-error.ts';
import { backboneOf } from './backbone.ts';
import { describeGraph, FLOAT } from './describe-graph.ts';
import {
  type GraphProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';
import { headOutputs, type Head } from './head.ts';
import type { GraphModel } from './read-graph.ts';

/** Names of the head in the graph: the node, its weight [outputs,width] and its bias [outputs]. */
const HEAD = 'head';
const WEIGHT = 'head.weight';
const BIAS = 'head.bias';
/** `AttributeProto.AttributeType.INT`. */
const INT = 2;
/** From this opset on Gemm broadcasts its bias. */
const OLDEST_OPSET = 7;

/** What comes onto a backbone. */
export interface HeadPlacement {
  /** Name of the pooled features, float32 [N,width]. */
  readonly features: string;
  readonly head: Head;
  /** Name of the new output: `logit` [N,1] or `logits` [N,classes] by custom. */
  readonly output: string;
  /** Names of outputs that stay as they are; default: none. */
  readonly further?: readonly string[] | undefined;
}

/** Customary name of the output of a head. */
export const outputNameOf = ({ kind }: Pick<Head, 'kind'>): string => headOutputs[kind === 'binary' ? 0 : 1];

/**
 * Replaces the head by one Gemm: `output = features . head.weight^T + head.bias`. Outputs are `output` and, after it, the
 * features and what else is to stay. The backbone stays as it is, node by node; what none of these needs is gone.
 *
 * @throws CliError BACKBONE_INVALID as {@link backboneOf}; GRAPH_INVALID when a name is taken or the opset is older than 7.
 */
export function replaceHead(model: GraphModel, { features, head, output, further }: HeadPlacement): GraphModel {
  const { opset } = describeGraph(model);
  if (opset < OLDEST_OPSET)
    throw new CliError(
      'GRAPH_INVALID',
      `The backbone is of opset ${opset}; a head needs at least ${OLDEST_OPSET}.`,
      'Export it again with a newer opset, such as 17.',
    );
  const result = backboneOf(model, features, further);
  const { graph } = result;
  const taken = namesIn(graph);
  const clash = [WEIGHT, BIAS, output].find((name) => taken.has(name));
  if (clash !== undefined)
    throw new CliError('GRAPH_INVALID', `The backbone has a value "${clash}" already.`, 'Rename it in the graph.');
  const { outputs, width } = head;
  const [value] = graph.output;
  graph.initializer.push(floatTensor(WEIGHT, [outputs, width], head.weight), floatTensor(BIAS, [outputs], head.bias));
  graph.node.push(
    create(NodeProtoSchema, {
      name: HEAD,
      opType: 'Gemm',
      input: [features, WEIGHT, BIAS],
      output: [output],
      attribute: [{ name: 'transB', i: 1n, type: INT }],
    }),
  );
  graph.output = [floatValue(output, [batchOf(value), fixed(outputs)]), ...graph.output];
  return result;
}

/** A float32 tensor, little-endian as ONNX wants it. */
export function floatTensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  const raw = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    raw.setFloat32(index * 4, value, true);
  });
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: FLOAT,
    rawData: new Uint8Array(raw.buffer),
  });
}

const floatValue = (name: string, dim: TensorShapeProto_Dimension[]): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: FLOAT, shape: { dim } } } },
  });

const fixed = (size: number): TensorShapeProto_Dimension =>
  create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } });

/** The batch dimension of the features, so that a graph of a fixed batch stays one. */
function batchOf(features: ValueInfoProto | undefined): TensorShapeProto_Dimension {
  const value = features?.type?.value;
  const batch = value?.case === 'tensorType' ? value.value.shape?.dim[0] : undefined;
  return batch ?? create(TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value: 'N' } });
}

function namesIn(graph: GraphProto): ReadonlySet<string> {
  return new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
}
