import { clone, create } from '@bufbuild/protobuf';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { CliError } from '../../errors/cli-error.ts';
import { headOutputs } from './head.ts';
import { describeValue, FLOAT, formatValue } from './describe-graph.ts';
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';
import { type GraphModel, withInnerGraphs, writeGraph } from './read-graph.ts';

/**
 * The model up to its pooled features: they are the first output, and what no output needs is gone. Two models that differ
 * only in what comes after the features have the same backbone, byte for byte.
 *
 * @param features name of any value of the graph, float32 [N,width]; it need not be an output yet.
 * @param further names of outputs that stay beside them, with all that they need; default: none.
 * @throws CliError BACKBONE_INVALID when there is no such value, or it has another type or shape.
 */
export function backboneOf(model: GraphModel, features: string, further: readonly string[] = []): GraphModel {
  const { graph } = model;
  const value = findFeatures(graph, features);
  const copy = clone(ModelProtoSchema, model);
  const kept = nodesFor(graph, [features, ...further]);
  const used = new Set(kept.flatMap(usedBy));
  const nodes = new Set(kept);
  // The clone has the same nodes at the same places.
  const at = graph.node.map((node) => nodes.has(node));
  const inner: GraphProto = copy.graph ?? graph;
  inner.node = inner.node.filter((_, index) => at[index]);
  inner.initializer = inner.initializer.filter(({ name }) => used.has(name));
  inner.sparseInitializer = inner.sparseInitializer.filter(({ values }) => used.has(values?.name ?? ''));
  inner.input = inner.input.filter(({ name }) => used.has(name));
  inner.valueInfo = inner.valueInfo.filter(({ name }) => used.has(name) && name !== features);
  inner.output = [value, ...graph.output.filter(({ name }) => further.includes(name))];
  return Object.assign(copy, { graph: inner });
}

/**
 * Outputs that have nothing to do with the head: all but the features and what the head answers. A graph without a manifest
 * does not say which one that is; by custom it is the first, and is called as Pawl calls its own.
 *
 * @param answer name of the output that a manifest names, where there is one.
 */
export function furtherOutputs({ graph }: GraphModel, features: string, answer?: string): readonly string[] {
  const heads = new Set([features, answer ?? graph.output[0]?.name, ...headOutputs]);
  return graph.output.map(({ name }) => name).filter((name) => !heads.has(name));
}

/** `sha256:<hex>` of the backbone: the same whichever head sits on it. */
export function backboneDigest(model: GraphModel, features: string): string {
  return digestOfBytes(writeGraph(backboneOf(model, features)));
}

/** Type and shape of the features, checked as far as the graph says them; a value that it does not describe is taken on trust. */
function findFeatures(graph: GraphProto, features: string): ValueInfoProto {
  const computed = graph.node.some(({ output }) => output.includes(features));
  if (!computed) {
    const outputs = graph.output.map(({ name }) => name).join(', ');
    throw new CliError(
      'BACKBONE_INVALID',
      `The backbone computes no value "${features}"; its outputs are ${outputs}.`,
      'Set train.features in params.yaml to the pooled features [N,width], the input of the last layer.',
    );
  }
  const described = [...graph.output, ...graph.valueInfo].find(({ name }) => name === features);
  if (described === undefined)
    return create(ValueInfoProtoSchema, {
      name: features,
      type: { value: { case: 'tensorType', value: { elemType: FLOAT } } },
    });
  const value = describeValue(described);
  if (value.dtype !== 'float32' || (value.shape !== undefined && value.shape.length !== 2))
    throw featuresUnfit(features, formatValue(value));
  return described;
}

/** What is said of features that no linear head fits on. */
export const featuresUnfit = (features: string, found: string): CliError =>
  new CliError(
    'BACKBONE_INVALID',
    `The backbone's "${features}" is ${found}; a head needs float32 [N,width], one row an image.`,
    'Name the pooled, flattened features in train.features of params.yaml, or flatten them in the graph.',
  );

/** The nodes that values need, in the graph's order. */
function nodesFor(graph: GraphProto, values: readonly string[]): readonly NodeProto[] {
  const makers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const output of node.output) makers.set(output, node);
  const needed = new Set<NodeProto>();
  const open = [...values];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const maker = makers.get(name);
    if (maker === undefined || needed.has(maker)) continue;
    needed.add(maker);
    open.push(...usedBy(maker));
  }
  return graph.node.filter((node) => needed.has(node));
}

/** Names that a node reads, in the bodies of its inner graphs too: those see the values around them. */
function usedBy({ input, attribute }: NodeProto): readonly string[] {
  const names = [...input];
  for (const { g, graphs } of attribute)
    for (const body of g === undefined ? graphs : [g, ...graphs])
      for (const inner of withInnerGraphs(body)) {
        for (const node of inner.node) names.push(...node.input);
        for (const { name } of inner.output) names.push(name);
      }
  return names;
}
