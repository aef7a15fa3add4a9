import type { OutputSpec } from '@pawl/shared/bundle/manifest';
import { FLOAT } from './describe-graph.ts';
import type { Head } from './head.ts';
import type { NodeProto, TensorProto } from './onnx_pb.ts';
import type { GraphModel } from './read-graph.ts';

/**
 * The head of a graph, where it is one as `replaceHead` makes it: one Gemm from the features to the output that the manifest
 * names, `output = features . weight^T + bias`. Undefined for any other.
 *
 * @param features name of the pooled features, float32 [N,width].
 */
export function readHead({ graph }: GraphModel, features: string, { kind, name }: OutputSpec): Head | undefined {
  const node = graph.node.find(({ output }) => output.includes(name));
  if (node?.opType !== 'Gemm' || node.input[0] !== features || !isPlain(node) || kind === 'probabilities')
    return undefined;
  const tensor = (at: number) => graph.initializer.find((initializer) => initializer.name === node.input[at]);
  const [weight, bias] = [tensor(1), tensor(2)];
  if (weight?.dims.length !== 2 || bias === undefined) return undefined;
  const [outputs, width] = weight.dims.map(Number) as [number, number];
  const [weights, biases] = [floatsOf(weight), floatsOf(bias)];
  if (weights?.length !== outputs * width || biases?.length !== outputs) return undefined;
  if (kind === 'binary-logit' && outputs !== 1) return undefined;
  return { kind: kind === 'binary-logit' ? 'binary' : 'multi-class', weight: weights, bias: biases, width, outputs };
}

/** Only the second matrix is transposed, and nothing is scaled. */
function isPlain({ attribute }: NodeProto): boolean {
  const transposed = attribute.find(({ name }) => name === 'transB')?.i === 1n;
  return (
    transposed &&
    attribute.every(({ name, f }) => name === 'transB' || ((name === 'alpha' || name === 'beta') && f === 1))
  );
}

/** The values of a float32 tensor that are stored as bytes, little-endian. */
function floatsOf({ dataType, rawData }: TensorProto): Float32Array | undefined {
  if (dataType !== FLOAT || rawData.length === 0 || rawData.length % 4 !== 0) return undefined;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Float32Array.from({ length: rawData.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
