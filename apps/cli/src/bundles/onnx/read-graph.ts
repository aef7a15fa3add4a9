import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { GraphScanner } from '@pawl/shared/bundle/graph-scanner';
import { CliError } from '../../errors/cli-error.ts';
import { type GraphProto, type ModelProto, ModelProtoSchema, type TensorProto } from './onnx_pb.ts';

/** An ONNX model whose graph is there. Fields that Pawl does not know are kept and written back. */
export type GraphModel = ModelProto & { graph: GraphProto };

/** `TensorProto.DataLocation.EXTERNAL`. */
const EXTERNAL = 1;

/**
 * Parses an ONNX file. Its tensors are views of `bytes`, which must stay as they are.
 *
 * @throws CliError GRAPH_INVALID when it is no ONNX or cut short, GRAPH_EXTERNAL_DATA when weights lie beside it.
 */
export function readGraph(bytes: Uint8Array, name: string): GraphModel {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw notOnnx(`${name} is no ONNX model, or it is cut short (${bytes.length} bytes)`, cause);
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0 || graph.output.length === 0)
    throw notOnnx(`${name} is no ONNX model: it has no graph with nodes and outputs`);
  if (lacksWeights(bytes)) {
    const beside = externalFiles(graph);
    const named = beside.length === 0 ? '' : ` (${beside.join(', ')})`;
    throw new CliError(
      'GRAPH_EXTERNAL_DATA',
      `${name} keeps its weights in other files${named}; a bundle holds one file.`,
      'Save it as one file: onnx.save_model(onnx.load(FILE), FILE, save_as_external_data=False).',
    );
  }
  return Object.assign(model, { graph });
}

/** The bytes of a model, the same for the same content. */
export function writeGraph(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}

const notOnnx = (message: string, cause?: unknown) =>
  new CliError('GRAPH_INVALID', `${message}.`, 'Export the model again, and copy the whole file.', cause);

/** The same look as of every program that will load it: also where the names below do not reach. */
function lacksWeights(bytes: Uint8Array): boolean {
  const scanner = new GraphScanner();
  scanner.update(bytes);
  return scanner.finish() === 'external-data';
}

/** Names of the files that tensors of the graph and of its inner graphs lie in, where they usually stand. */
function externalFiles(graph: GraphProto): readonly string[] {
  const files = new Set<string>();
  const look = (tensor: TensorProto | undefined) => {
    if (tensor?.dataLocation !== EXTERNAL) return;
    files.add(tensor.externalData.find(({ key }) => key === 'location')?.value ?? 'unnamed');
  };
  for (const inner of withInnerGraphs(graph)) {
    inner.initializer.forEach(look);
    for (const { values, indices } of inner.sparseInitializer) [values, indices].forEach(look);
    for (const { attribute } of inner.node) for (const { t } of attribute) look(t);
  }
  return [...files].sort();
}

/** A graph and the bodies of its If, Loop and Scan nodes, at any depth. */
export function* withInnerGraphs(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const { attribute } of graph.node)
    for (const { g, graphs } of attribute)
      for (const inner of g === undefined ? graphs : [g, ...graphs]) yield* withInnerGraphs(inner);
}
