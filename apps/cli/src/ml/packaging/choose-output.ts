import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { FeaturePool } from '@pawl/shared/execution/feature-pool';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { valuesPerImage } from '@pawl/shared/execution/values-per-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { CliError } from '../../errors/cli-error.ts';
import { computes, cutAt, takingFloat32 } from '../../bundles/onnx/cut-graph.ts';
import { describeGraph, type GraphValue } from '../../bundles/onnx/describe-graph.ts';
import {
  candidateOutputs,
  listOutputs,
  unfitOutputs,
  widthsFor,
  type OutputWishes,
} from '../../bundles/onnx/infer-output.ts';
import { explainLoadFailure } from '../../bundles/onnx/load-failure.ts';
import { writeGraph, type GraphModel } from '../../bundles/onnx/read-graph.ts';

/** A graph as it is packaged. */
export interface PackagedGraph {
  readonly model: GraphModel;
  readonly bytes: Uint8Array;
  /** Where it is not the file as it was: what was changed, one sentence each. */
  readonly changes: readonly string[];
  /** Name of the output that is wanted; undefined: any that fits. */
  readonly output: string | undefined;
}

/** The output that classifies. */
export interface ChosenOutput {
  readonly name: string;
  /** Values an image. */
  readonly width: number;
}

/**
 * Pure: the graph as it can be served: cut where a person names a value inside it as the output, or before a ZipMap, which makes
 * a list of maps of a classifier's tensor, and taking float32 in place of float16; else as it is.
 */
export function adaptGraph(original: GraphModel, bytes: Uint8Array, output: string | undefined): PackagedGraph {
  const changes: string[] = [];
  let model = original;
  const outputs = original.graph.output.map(({ name }) => name);
  const map = original.graph.node.find(
    ({ opType, output: made }) => opType === 'ZipMap' && made.some((name) => outputs.includes(name)),
  );
  const isMap = map !== undefined && (output === undefined || map.output.includes(output));
  const end = isMap ? map.input[0] : output;
  if (end !== undefined && !outputs.includes(end) && computes(original, end)) {
    model = cutAt(model, end);
    const why = isMap ? `${map.output[0] ?? ''} is a list of maps, no tensor` : 'as it was asked for';
    changes.push(`The graph is cut: it ends at ${end}, its only output (${why}).`);
  }
  const single = takingFloat32(model);
  if (single !== undefined) {
    model = single;
    changes.push('The graph takes float32 now and casts it to the float16 that it took.');
  }
  return { model, bytes: model === original ? bytes : writeGraph(model), changes, output: end };
}

/**
 * The output that classifies: the only one that fits the labels by what the graph says, else by how many values it gives for
 * a black picture.
 *
 * @throws CliError GRAPH_INVALID when none fits or the graph does not run, GRAPH_AMBIGUOUS when several do.
 */
export async function chooseOutput(
  { model, bytes }: PackagedGraph,
  file: string,
  labels: readonly string[],
  input: InputSpec,
  wishes: OutputWishes,
): Promise<ChosenOutput> {
  const candidates = candidateOutputs(model, file, labels, wishes);
  const [only] = candidates;
  const said = valuesPerImage(only?.shape);
  if (only !== undefined && candidates.length === 1 && said !== undefined) return { name: only.name, width: said };
  const widths = await measureWidths(bytes, file, input, candidates);
  const wanted = widthsFor(labels, wishes.kind);
  const fitting = candidates.filter(({ name }) => wanted.includes(widths.get(name) ?? NaN));
  const [first, ...others] = fitting;
  if (first === undefined) throw unfitOutputs(file, labels, candidates, wishes.kind, widths);
  if (others.length === 0) return { name: first.name, width: widths.get(first.name) ?? 0 };
  throw new CliError(
    'GRAPH_AMBIGUOUS',
    `${file} has several outputs that fit ${labels.length} labels: ${listOutputs(describeGraph(model).outputs)}.`,
    `Name the one that classifies, such as --output ${first.name}.`,
  );
}

/** Values that each output gives for one black picture, by its name; in a thread, as the graph will run. */
async function measureWidths(
  bytes: Uint8Array,
  file: string,
  input: InputSpec,
  outputs: readonly GraphValue[],
): Promise<ReadonlyMap<string, number>> {
  const widths = new Map<string, number>();
  const model = shareBytes(bytes);
  for (const { name } of outputs) {
    const spec = { input, outputs: [name] };
    const pool = await FeaturePool.start({ model, spec, limits: defaultImageLimits }, 1).catch((error: unknown) => {
      throw explainLoadFailure(error, file);
    });
    widths.set(name, pool.width);
    await pool.close();
  }
  return widths;
}
