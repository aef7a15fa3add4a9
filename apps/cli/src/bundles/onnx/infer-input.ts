import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';
import { describeFormula } from '../describe-input.ts';
import { describeGraph, formatValue, type GraphValue } from './describe-graph.ts';
import { inferNormalisation, type NormalisationWishes } from './infer-normalisation.ts';
import { notedInput } from './metadata.ts';
import type { GraphModel } from './read-graph.ts';

/** What a person says of the input; what they leave out is read from the graph, or is the custom of its kind. */
export interface InputWishes extends NormalisationWishes {
  readonly layout?: InputSpec['layout'] | undefined;
  readonly dtype?: InputSpec['dtype'] | undefined;
  readonly channels?: InputSpec['channels'];
  /** Pixels, for dynamic sizes. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fit?: InputSpec['fit'] | undefined;
  /** Pixels of the shorter side before the centre is cut. */
  readonly crop?: number | undefined;
  readonly kernel?: InputSpec['kernel'] | undefined;
}

/** An input spec, and what of it the graph did not say. */
export interface InferredInput {
  readonly input: InputSpec;
  /** One sentence each, for people to check. */
  readonly assumptions: readonly string[];
}

const dtypes: readonly (string | undefined)[] = ['uint8', 'float32'] satisfies InputSpec['dtype'][];
const isTaken = (dtype: string | undefined): dtype is InputSpec['dtype'] => dtypes.includes(dtype);

/**
 * The input spec of a graph with one image input: layout by where the channels are, three of colour or one of grey, size by
 * the other two. A size that is dynamic must be given.
 *
 * @throws CliError GRAPH_INVALID when no picture fits in, GRAPH_AMBIGUOUS when the graph leaves something open, USAGE.
 */
export function inferInput(model: GraphModel, name: string, said: InputWishes = {}): InferredInput {
  const { inputs } = describeGraph(model);
  const { noted, ...wishes } = withNotes(model, said);
  const [value, ...others] = inputs;
  if (value === undefined || others.length > 0)
    throw unfit(name, `has ${inputs.length} inputs (${inputs.map((input) => input.name).join(', ')})`);
  const { dtype, shape } = value;
  if (!isTaken(dtype)) throw unfit(name, `takes ${formatValue(value)}`);
  if (wishes.dtype !== undefined && wishes.dtype !== dtype)
    throw ambiguous(`${name} takes ${dtype}, not ${wishes.dtype}.`, `Leave --dtype out, or say --dtype ${dtype}.`);
  const { layout, channels, width, height } = shape === undefined ? unsaid(name, wishes) : placeOf(name, value, wishes);
  const { crop } = wishes;
  const fit = wishes.fit ?? (crop === undefined ? 'fill' : 'cover');
  assertCrop(crop, fit, { width, height });
  const { assumed, ...normalisation } = inferNormalisation(name, { dtype, channels }, wishes);
  const input: InputSpec = {
    name: value.name,
    layout,
    dtype,
    ...(channels !== undefined && { channels }),
    width,
    height,
    fit,
    ...(crop !== undefined && { crop }),
    kernel: wishes.kernel ?? 'lanczos3',
    ...normalisation,
  };
  const order = channels === 'L' ? '' : `, channels in the order ${(channels ?? 'RGB').split('').join(', ')}`;
  return {
    input,
    assumptions: [
      ...(channels === 'L' && wishes.channels === undefined
        ? ['Its one channel is the grey of the picture, 0.299 R + 0.587 G + 0.114 B.']
        : []),
      ...(noted === undefined ? [] : [`The metadata of the graph says ${noted}: ${describeFormula(input)}${order}.`]),
      ...(assumed === undefined ? [] : [`${assumed}: ${describeFormula(input)}${order}.`]),
      ...(wishes.fit === undefined && crop === undefined
        ? ['The whole picture is resized to the input, without keeping its aspect (fill).']
        : []),
      ...(wishes.kernel === undefined ? ['Resizing is by lanczos3.'] : []),
    ],
  };
}

/** What a person says, and what the metadata of the graph says where they do not; `noted` is what it says. */
function withNotes(model: GraphModel, said: InputWishes): InputWishes & { readonly noted: string | undefined } {
  const { from, channels, ...values } = notedInput(model);
  const isNormalised = [said.scale, said.mean, said.std].some((wish) => wish !== undefined);
  const isUsed =
    (channels !== undefined && said.channels === undefined) || (values.scale !== undefined && !isNormalised);
  return {
    ...said,
    channels: said.channels ?? channels,
    ...(isNormalised ? {} : values),
    noted: isUsed ? from : undefined,
  };
}

type Place = Pick<InputSpec, 'layout' | 'channels' | 'width' | 'height'>;

/** Of a graph that says no shape: what people say is believed, and the first run shows whether it runs. */
function unsaid(name: string, { layout, channels, width, height }: InputWishes): Place {
  if (layout !== undefined && width !== undefined && height !== undefined)
    return { layout, width, height, ...(channels !== undefined && { channels }) };
  throw ambiguous(
    `${name} does not say the shape of its input.`,
    'Say where the channels are and the size, such as --layout NCHW --size 224.',
  );
}

function placeOf(name: string, value: GraphValue, wishes: InputWishes): Place {
  const shape = value.shape ?? [];
  if (shape.length !== 4) throw unfit(name, `takes ${formatValue(value)}`);
  const [batch, ...places] = shape;
  if (batch === 0)
    throw new CliError(
      'GRAPH_INVALID',
      `${name} takes no picture at all, ${formatValue(value)}: its batch is 0.`,
      'Export it with a dynamic batch (torch.onnx.export: dynamic_shapes or dynamic_axes), or with a batch of 1.',
    );
  if (typeof batch === 'number' && batch > 1)
    throw new CliError(
      'GRAPH_INVALID',
      `${name} takes exactly ${batch} pictures at a time, ${formatValue(value)}; the service asks about one.`,
      'Export it with a dynamic batch (torch.onnx.export: dynamic_shapes or dynamic_axes), or with a batch of 1.',
    );
  const layout = layoutOf(name, value, shape, wishes);
  const [count, height, width] = layout === 'NCHW' ? places : [places[2], places[0], places[1]];
  const channels = wishes.channels ?? (count === 1 ? 'L' : undefined);
  return {
    layout,
    width: sizeOf(name, width, wishes.width, 'width'),
    height: sizeOf(name, height, wishes.height, 'height'),
    ...(channels !== undefined && { channels }),
  };
}

function layoutOf(
  name: string,
  value: GraphValue,
  shape: readonly (number | string)[],
  { layout: wish, channels }: InputWishes,
): InputSpec['layout'] {
  const places = { NCHW: shape[1], NHWC: shape[3] };
  const layouts = ['NCHW', 'NHWC'] as const;
  const holds = (counts: readonly number[]) =>
    layouts.filter((layout) => counts.some((count) => count === places[layout]));
  const counts = channels === undefined ? [3, 1] : [channels === 'L' ? 1 : 3];
  const isOpen = (size: number | string | undefined) => typeof size === 'string' || (size ?? 0) < 0;
  const possible = layouts.filter((layout) => holds(counts).includes(layout) || isOpen(places[layout]));
  if (possible.length === 0 || (wish !== undefined && !possible.includes(wish)))
    throw unfit(
      name,
      `takes ${formatValue(value)}`,
      `${wish === undefined ? '' : ` in layout ${wish}`}${channels === undefined ? '' : ` with channels ${channels}`}`,
    );
  if (wish !== undefined) return wish;
  // Three channels before one, then a dimension that is called so, as the exporter of Hugging Face does.
  const certain =
    onlyOf(holds(counts.slice(0, 1))) ??
    onlyOf(holds(counts)) ??
    onlyOf(possible.filter((layout) => /chan/i.test(String(places[layout]))));
  if (certain !== undefined) return certain;
  throw ambiguous(
    `${name} takes ${formatValue(value)}, which does not say where the channels are.`,
    'Say it with --layout NCHW or --layout NHWC.',
  );
}

/** The only one of a list, if there is only one. */
const onlyOf = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined);

function sizeOf(name: string, size: number | string | undefined, wish: number | undefined, which: string): number {
  if (typeof size === 'number' && size > 0) {
    if (wish === undefined || wish === size) return size;
    throw ambiguous(
      `${name} takes a ${which} of ${size} pixels, not ${wish}.`,
      `Leave --size out, or say --size ${size}.`,
    );
  }
  if (wish !== undefined) return wish;
  throw ambiguous(
    `${name} takes pictures of any ${which}; a bundle names one.`,
    'Say the size it was trained with, such as --size 224 (or 320x240, width x height).',
  );
}

function assertCrop(
  crop: number | undefined,
  fit: InputSpec['fit'],
  { width, height }: Pick<InputSpec, 'width' | 'height'>,
): void {
  if (crop === undefined) return;
  const least = Math.max(width, height);
  if (fit !== 'cover')
    throw new CliError('USAGE', `--crop keeps the aspect; --fit ${fit} does not.`, 'Leave --fit out.');
  if (crop < least)
    throw new CliError(
      'USAGE',
      `--crop ${crop} is less than the ${least} pixels of the input, which are cut from it.`,
      `Give the pixels of the shorter side after resizing, at least ${least}.`,
    );
}

const unfit = (name: string, what: string, more = '') =>
  new CliError(
    'GRAPH_INVALID',
    `${name} ${what}; expected one image input${more}: uint8, float32 or float16, [N,channels,height,width] or [N,height,width,channels], 3 channels of colour or 1 of grey.`,
    'Export the model with one image as its input.',
  );

const ambiguous = (message: string, hint: string) => new CliError('GRAPH_AMBIGUOUS', message, hint);
