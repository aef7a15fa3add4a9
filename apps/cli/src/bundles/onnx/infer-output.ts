import type { OutputSpec } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';
import { describeGraph, formatValue, type GraphValue } from './describe-graph.ts';
import type { GraphModel } from './read-graph.ts';

/** What a person says of the output; what they leave out is read from the graph. */
export interface OutputWishes {
  /** Name of the output. */
  readonly name?: string | undefined;
  readonly kind?: OutputSpec['kind'] | undefined;
  /** `binary-logit` only: the second label is answered from this probability on. */
  readonly threshold?: number | undefined;
}

/** An output spec, and what of it the graph did not say. */
export interface InferredOutput {
  readonly output: OutputSpec;
  readonly assumptions: readonly string[];
}

/**
 * The output spec of a classifier: the output with one value for two labels, or with one a label; what the values are, by the
 * operator that makes them.
 *
 * @throws CliError GRAPH_INVALID when no output fits the labels, GRAPH_AMBIGUOUS when several do.
 */
export function inferOutput(
  model: GraphModel,
  name: string,
  labels: readonly string[],
  wishes: OutputWishes = {},
): InferredOutput {
  const value = chooseOutput(model, name, labels, wishes);
  const width = value.shape?.at(-1);
  const maker = makerOf(model, value.name);
  const isBinary = labels.length === 2 && (width === 1 || wishes.kind === 'binary-logit');
  if (maker === 'Sigmoid' || maker === 'HardSigmoid')
    throw new CliError(
      'GRAPH_INVALID',
      `The output ${value.name} of ${name} ends with ${maker}: it gives probabilities that do not sum to 1 over the labels.`,
      `Export the value before ${maker} (the logit) as an output, and name it with --output.`,
    );
  if (wishes.threshold !== undefined && !isBinary)
    throw new CliError('USAGE', '--threshold is for models with one logit.', 'Leave it out.');
  if (isBinary)
    return {
      output: { kind: 'binary-logit', name: value.name, threshold: wishes.threshold ?? 0.5 },
      assumptions: [`${value.name} is the logit of ${labels[1] ?? ''}: its sigmoid is the probability.`],
    };
  const kind = wishes.kind ?? (maker === 'Softmax' ? 'probabilities' : 'softmax-logits');
  if (kind === 'binary-logit')
    throw new CliError(
      'GRAPH_INVALID',
      `The output ${value.name} of ${name} is ${formatValue(value)}; a binary logit is float32 [N,1] with two labels.`,
      'Leave --kind out, or check --labels.',
    );
  return {
    output: { kind, name: value.name },
    assumptions:
      wishes.kind !== undefined || maker === 'Softmax' || maker === 'LogSoftmax'
        ? []
        : [`${value.name} has one logit a label: their softmax gives the probabilities.`],
  };
}

function chooseOutput(
  model: GraphModel,
  name: string,
  labels: readonly string[],
  { name: wanted, kind }: OutputWishes,
): GraphValue {
  const { outputs } = describeGraph(model);
  const listed = outputs.map((value) => `${value.name} ${formatValue(value)}`).join('; ');
  const fits = (value: GraphValue) => fitsLabels(value, labels.length, kind);
  if (wanted !== undefined) {
    const value = outputs.find((output) => output.name === wanted);
    if (value !== undefined && fits(value)) return value;
    throw value === undefined
      ? new CliError('GRAPH_INVALID', `${name} has no output ${wanted}; it has ${listed}.`, 'Name one with --output.')
      : unfit(name, labels, listed);
  }
  const [first, ...others] = outputs.filter(fits);
  if (first === undefined) throw unfit(name, labels, listed);
  if (others.length === 0) return first;
  throw new CliError(
    'GRAPH_AMBIGUOUS',
    `${name} has several outputs that fit ${labels.length} labels: ${listed}.`,
    `Name the one that classifies, such as --output ${first.name}.`,
  );
}

const unfit = (name: string, labels: readonly string[], listed: string) =>
  new CliError(
    'GRAPH_INVALID',
    `No output of ${name} fits the ${labels.length} labels ${labels.join(', ')}: it has ${listed}.`,
    `Expected float32 [N,${labels.length}]${labels.length === 2 ? ' or [N,1]' : ''}; check --labels and their number.`,
  );

/** Whether an output can hold an answer; a width that the graph does not say fits anything. */
function fitsLabels({ dtype, shape }: GraphValue, labels: number, kind: OutputSpec['kind'] | undefined): boolean {
  if (dtype !== undefined && dtype !== 'float32') return false;
  if (shape === undefined) return dtype !== undefined;
  const width = shape.at(-1);
  if (shape.length !== 2) return false;
  if (typeof width !== 'number') return true;
  if (kind === 'binary-logit') return width === 1;
  return width === labels || (kind === undefined && labels === 2 && width === 1);
}

/** Operator that makes a value, through those that only reshape or rename it. */
function makerOf(model: GraphModel, value: string): string | undefined {
  const maker = model.graph.node.find(({ output }) => output.includes(value));
  const passesOn = ['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Cast', 'Dropout'];
  const [from] = maker?.input ?? [];
  return maker !== undefined && from !== undefined && passesOn.includes(maker.opType)
    ? makerOf(model, from)
    : maker?.opType;
}
