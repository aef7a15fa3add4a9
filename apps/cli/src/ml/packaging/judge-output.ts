import { isBinary, type OutputSpec } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';
import type { InferredOutput, OutputWishes } from '../../bundles/onnx/infer-output.ts';

/** What an output gave for one picture. */
export interface OutputRow {
  /** Of the picture, for people. */
  readonly name: string;
  readonly values: ArrayLike<number>;
}

/** The output that is judged. */
export interface JudgedOutput {
  /** File of the model, for people. */
  readonly file: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** Whether the graph computes in 8 bits. */
  readonly isRounded: boolean;
  /** Operator that computes it, and the name of the value that goes into it, where the graph says so. */
  readonly maker?: string | undefined;
  readonly before?: string | undefined;
}

/** By how much a value may leave 0..1, and a row's sum 1; in 8 bits each value is rounded to steps of about 1/255. */
const OUTSIDE = 0.002;
const SUM = 0.01;
const ROUNDED_SUM = 0.05;

/** What the values of an output look like, by the rows of pictures that they are finite for. */
type Look =
  /** Some lie outside of 0..1. */
  | { readonly kind: 'logits' }
  /** All lie in 0..1 and those of each picture sum to 1. */
  | { readonly kind: 'probabilities' }
  /** All lie in 0..1; the sum of one picture is farthest from 1. */
  | { readonly kind: 'scores'; readonly farthest: OutputRow; readonly sum: number };

/**
 * Pure: what an output's values are, judged by what it gave for real pictures: an operator's name says less than that. Values
 * of 0..1 that sum to 1 over the labels are probabilities, one value of 0..1 is the probability of the second label, and values
 * beyond 0..1 are logits. What fits neither is refused, and so is a kind that the values contradict.
 *
 * @throws CliError GRAPH_INVALID, GRAPH_AMBIGUOUS; USAGE for a threshold that nothing compares with.
 */
export function judgeOutput(output: JudgedOutput, rows: readonly OutputRow[], wishes: OutputWishes): InferredOutput {
  const { file, name, labels } = output;
  const [first] = rows;
  const width = first?.values.length ?? 0;
  const expected = labels.length === 2 && wishes.kind === undefined ? [1, 2] : [widthOf(wishes.kind, labels)];
  if (!expected.includes(width))
    throw invalid(
      `The output ${name} of ${file} gives ${width} values for a picture, not ${expected.join(' or ')} for the labels ${labels.join(', ')}.`,
      'Check the labels and their number, and name the output that classifies with --output.',
    );
  const finite = rows.filter(({ values }) => Array.from(values).every(Number.isFinite));
  if (finite.length === 0)
    throw invalid(
      `The output ${name} of ${file} is not finite (NaN or infinite) for any of the ${rows.length} golden images.`,
      'Check the weights for NaN, and that the model answers finite values where it was exported.',
    );
  const look = lookOf(finite, output);
  const judged = width === 1 ? judgeOne(output, look, wishes) : judgeMany(output, look, wishes);
  if (wishes.threshold !== undefined && width !== 1)
    throw new CliError('USAGE', '--threshold is for models with one value an image.', 'Leave it out.');
  return judged;
}

const widthOf = (kind: OutputSpec['kind'] | undefined, labels: readonly string[]): number =>
  kind !== undefined && isBinary(kind) ? 1 : labels.length;

/** One value: the second label's. */
function judgeOne(output: JudgedOutput, look: Look, { kind: wish, threshold = 0.5 }: OutputWishes): InferredOutput {
  const { file, name, labels, maker } = output;
  const [, second = ''] = labels;
  const isUnit = look.kind !== 'logits';
  if (wish === 'binary-probability' && !isUnit)
    throw invalid(
      `The output ${name} of ${file} has values beyond 0..1, so it is no probability.`,
      'Leave --kind out, or say --kind binary-logit.',
    );
  if (wish === 'binary-logit' && isSigmoid(maker) && isUnit)
    throw invalid(
      `The output ${name} of ${file} is a sigmoid's already: another one would make 0.73 of 1.`,
      'Leave --kind out, or say --kind binary-probability.',
    );
  const kind = wish === undefined ? (isUnit ? 'binary-probability' : 'binary-logit') : wish;
  const meaning =
    kind === 'binary-probability'
      ? `${name} lies in 0..1 for every golden image: it is the probability of ${second}, as it is.`
      : `${name} is the logit of ${second}: its sigmoid 1 / (1 + exp(-${name})) is the probability.`;
  return {
    output: { kind: kind === 'binary-probability' ? kind : 'binary-logit', name, threshold },
    assumptions: wish === undefined ? [meaning] : [],
  };
}

/** One value a label. */
function judgeMany(output: JudgedOutput, look: Look, { kind: wish }: OutputWishes): InferredOutput {
  const { file, name, maker } = output;
  if (look.kind === 'probabilities') {
    if (wish === 'softmax-logits')
      throw invalid(
        `The output ${name} of ${file} is a softmax's already: its values lie in 0..1 and sum to 1 for every golden image.`,
        'Leave --kind out, or say --kind probabilities.',
      );
    const isSaid = wish !== undefined || maker === 'Softmax';
    return {
      output: { kind: 'probabilities', name },
      assumptions: isSaid
        ? []
        : [`${name} lies in 0..1 and sums to 1 for every golden image: probabilities, as they are.`],
    };
  }
  if (wish === 'probabilities') throw notProbabilities(output, look);
  if (look.kind === 'scores' && wish === undefined) throw openScores(output, look);
  return {
    output: { kind: 'softmax-logits', name },
    assumptions:
      wish !== undefined || maker === 'LogSoftmax'
        ? []
        : [`${name} has one logit a label: their softmax exp(${name}) / sum(exp(${name})) gives the probabilities.`],
  };
}

function notProbabilities({ file, name }: JudgedOutput, look: Look): CliError {
  return invalid(
    look.kind === 'scores'
      ? `The output ${name} of ${file} is no probability of each label: its values for ${look.farthest.name} sum to ${figure(look.sum)}, not to 1.`
      : `The output ${name} of ${file} is no probability of each label: it has values beyond 0..1.`,
    look.kind === 'scores'
      ? 'Export the logits, before the last sigmoid or softmax, or put the softmax over the labels (axis 1).'
      : 'Leave --kind out, or say --kind softmax-logits.',
  );
}

/** Values of 0..1 that do not sum to 1: softmax over the wrong axis, a sigmoid a label, or small logits. */
function openScores(
  { file, name, maker, before }: JudgedOutput,
  { farthest, sum }: Look & { kind: 'scores' },
): CliError {
  const said = `The output ${name} of ${file} has values of 0..1 that sum to ${figure(sum)}, not to 1, for ${farthest.name}`;
  const logits =
    before === undefined ? 'Export the logits instead' : `Say --output ${before} to take the values before`;
  if (Array.from(farthest.values).every((value) => value > 1 - OUTSIDE))
    return invalid(`${said}: a softmax over the pictures (axis 0), not over the labels.`, `${logits}, or use axis 1.`);
  if (isSigmoid(maker))
    return invalid(
      `${said}: ${maker ?? ''} of each label alone, which does not choose between them.`,
      `${logits}: their softmax chooses one label, which is sound only if a picture has one.`,
    );
  return new CliError(
    'GRAPH_AMBIGUOUS',
    `${said}: they may be logits, or probabilities of each label alone.`,
    'Say --kind softmax-logits if they are logits; else export the logits.',
  );
}

function lookOf(rows: readonly OutputRow[], { isRounded, maker }: JudgedOutput): Look {
  let farthest: { readonly row: OutputRow; readonly sum: number } | undefined;
  for (const row of rows) {
    const values = Array.from(row.values);
    if (values.some((value) => value < -OUTSIDE || value > 1 + OUTSIDE)) return { kind: 'logits' };
    const sum = values.reduce((a, b) => a + b, 0);
    if (farthest === undefined || Math.abs(sum - 1) > Math.abs(farthest.sum - 1)) farthest = { row, sum };
  }
  if (farthest === undefined) return { kind: 'logits' };
  // Sigmoids of sure answers nearly sum to 1; those of others do not.
  const most = isSigmoid(maker) ? 0 : isRounded ? ROUNDED_SUM : SUM;
  if (Math.abs(farthest.sum - 1) <= most) return { kind: 'probabilities' };
  return { kind: 'scores', farthest: farthest.row, sum: farthest.sum };
}

const isSigmoid = (maker: string | undefined): boolean => maker === 'Sigmoid' || maker === 'HardSigmoid';
const invalid = (message: string, hint: string) => new CliError('GRAPH_INVALID', message, hint);
const figure = (value: number): string => String(Number(value.toPrecision(3)));
