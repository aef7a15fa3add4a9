import { isBinary, type OutputSpec } from '@pawl/shared/bundle/manifest';
import { valuesPerImage } from '@pawl/shared/execution/values-per-image';
import { CliError } from '../../errors/cli-error.ts';
import { describeGraph, formatValue, type GraphValue } from './describe-graph.ts';
import type { NodeProto } from './onnx_pb.ts';
import type { GraphModel } from './read-graph.ts';

/** What a person says of the output; what they leave out is read from the graph and from its answers. */
export interface OutputWishes {
  /** Name of the output. */
  readonly name?: string | undefined;
  readonly kind?: OutputSpec['kind'] | undefined;
  /** Of one value an image only: the second label is answered from this probability on. */
  readonly threshold?: number | undefined;
}

/** Operators that leave the values what they are, or nearly so. */
const passingOn = new Set([
  ...['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Cast', 'Dropout', 'Clip'],
  ...['QuantizeLinear', 'DequantizeLinear'],
]);

/**
 * Pure: the outputs that may hold an answer about the labels, by the type and shape that the graph says: one value an image
 * for two labels, or one a label. An output that does not say its width may.
 *
 * @returns at least one.
 * @throws CliError GRAPH_INVALID when no output fits, with the reason.
 */
export function candidateOutputs(
  model: GraphModel,
  name: string,
  labels: readonly string[],
  { name: wanted, kind }: OutputWishes,
): readonly GraphValue[] {
  const { outputs } = describeGraph(model);
  const considered = wanted === undefined ? outputs : outputs.filter((output) => output.name === wanted);
  if (considered.length === 0)
    throw new CliError(
      'GRAPH_INVALID',
      `${name} has no output ${wanted ?? ''}; it has ${listOutputs(outputs)}.`,
      'Name one with --output.',
    );
  const widths = widthsFor(labels, kind);
  const fitting = considered.filter((output) => {
    const width = valuesPerImage(output.shape);
    return isFloat(output.dtype) && (width === undefined || widths.includes(width));
  });
  if (fitting.length > 0) return fitting;
  throw unfitOutputs(name, labels, considered, kind);
}

/** Why none of some outputs holds an answer. @param widths values an image that were measured, by name. */
export function unfitOutputs(
  name: string,
  labels: readonly string[],
  outputs: readonly GraphValue[],
  kind: OutputSpec['kind'] | undefined,
  widths: ReadonlyMap<string, number> = new Map(),
): CliError {
  const wanted = widthsFor(labels, kind).join(' or ');
  const reasons = outputs.map((output) => `${output.name} ${formatValue(output)} ${whyNot(output, widths, wanted)}`);
  return new CliError(
    'GRAPH_INVALID',
    `No output of ${name} fits the ${labels.length} labels${labels.length > 10 ? '' : ` ${labels.join(', ')}`}: ${reasons.join('; ')}.`,
    `Expected ${wanted} floating-point values an image; check the labels and their number, and that the model ends with its classifier.`,
  );
}

function whyNot(output: GraphValue, measured: ReadonlyMap<string, number>, wanted: string): string {
  if (output.dtype === undefined) return 'holds no numbers';
  if (!isFloat(output.dtype)) return 'holds the label alone or no probabilities';
  const width = measured.get(output.name) ?? valuesPerImage(output.shape);
  if (width === undefined) return `does not fit ${wanted}`;
  return `has ${width} values an image, not ${wanted}${guess(width)}`;
}

/** What an output of so many values an image probably is, as the end of a sentence. */
function guess(width: number): string {
  if (width === 1000 || width === 1001) return ', as many as ImageNet has classes';
  return width >= MANY ? ', which look like features, the input of the last layer' : '';
}

/** Values an image from which an output that fits no labels is probably a vector of features. */
const MANY = 64;

/** Pure: values an image that an answer about labels has. */
export function widthsFor(labels: readonly string[], kind: OutputSpec['kind'] | undefined): readonly number[] {
  if (kind !== undefined) return [isBinary(kind) ? 1 : labels.length];
  return labels.length === 2 ? [2, 1] : [labels.length];
}

/** For messages: `out float32 [N,3]; features float32 [N,3]`. */
export const listOutputs = (outputs: readonly GraphValue[]): string =>
  outputs.map((value) => `${value.name} ${formatValue(value)}`).join('; ');

const isFloat = (dtype: string | undefined): boolean =>
  dtype === 'float32' || dtype === 'float16' || dtype === 'float64';

/** The node that computes a value, through those that only reshape, round or rename it. */
export function originOf(model: GraphModel, value: string): NodeProto | undefined {
  const maker = model.graph.node.find(({ output }) => output.includes(value));
  const [from] = maker?.input ?? [];
  if (maker === undefined || from === undefined || !passingOn.has(maker.opType)) return maker;
  return originOf(model, from) ?? maker;
}

/** An output spec, and what of it the graph did not say. */
export interface InferredOutput {
  readonly output: OutputSpec;
  /** One sentence each, for people to check. */
  readonly assumptions: readonly string[];
}
