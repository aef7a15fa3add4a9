import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { GraphScanner } from '@pawl/shared/bundle/graph-scanner';
import { CliError } from '../../errors/cli-error.ts';
import { type GraphProto, type ModelProto, ModelProtoSchema, type TensorProto } from './onnx_pb.ts';

/** An ONNX model whose graph is there. Fields that Pawl does not know are kept and written back. */
export type GraphModel = ModelProto & { graph: GraphProto };

const EXPORT =
  'Export it to ONNX: torch.onnx.export, optimum-cli export onnx, tf2onnx or yolo export format=onnx (docs/packaging.md).';

/** `TensorProto.DataLocation.EXTERNAL`. */
const EXTERNAL = 1;

/**
 * Parses an ONNX file. Its tensors are views of `bytes`, which must stay as they are.
 *
 * @throws CliError GRAPH_INVALID when it is no ONNX or cut short, GRAPH_EXTERNAL_DATA when weights lie beside it.
 */
export function readGraph(bytes: Uint8Array, name: string): GraphModel {
  const other = recogniseOther(bytes);
  if (other !== undefined)
    throw new CliError('GRAPH_INVALID', `${name} is ${other.what}, no ONNX model.`, other.advice);
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

/** What people have in place of an ONNX file: how it starts, what it is, and what to do. */
const others: readonly (readonly [start: string, what: string, advice: string])[] = [
  ['version https://git-lfs', 'a pointer of Git LFS (the weights were not downloaded)', 'Run git lfs pull there.'],
  ['<', 'a web page', 'The download failed, or needs a login: fetch the file itself, and look at its size.'],
  ['PK\x03\x04', 'a ZIP archive, as PyTorch (.pt) and Keras (.keras) save', EXPORT],
  ['\x89HDF', 'an HDF5 file, as Keras (.h5) saves', EXPORT],
  ['\x80\x02', 'a pickle, as old PyTorch saves', EXPORT],
];

/** What a file is in place of an ONNX model, by its first bytes; undefined: it may be one. */
function recogniseOther(bytes: Uint8Array): { readonly what: string; readonly advice: string } | undefined {
  if (bytes.length === 0) return { what: 'empty', advice: 'Copy the whole file again.' };
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  const found = others.find(([begins]) => start.startsWith(begins));
  if (found !== undefined) return { what: found[1], advice: found[2] };
  return start.slice(4, 8) === 'TFL3' ? { what: 'a TensorFlow Lite file', advice: EXPORT } : undefined;
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
