import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';
import { describeGraph, formatValue, type GraphValue } from './describe-graph.ts';
import type { GraphModel } from './read-graph.ts';

/** What a person says of the input; what they leave out is read from the graph, or is the custom of its kind. */
export interface InputWishes {
  readonly layout?: InputSpec['layout'] | undefined;
  readonly dtype?: InputSpec['dtype'] | undefined;
  /** Pixels, for dynamic sizes. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fit?: InputSpec['fit'] | undefined;
  readonly kernel?: InputSpec['kernel'] | undefined;
  readonly scale?: number | undefined;
  readonly mean?: InputSpec['mean'] | undefined;
  readonly std?: InputSpec['std'] | undefined;
}

/** An input spec, and what of it the graph did not say. */
export interface InferredInput {
  readonly input: InputSpec;
  /** One sentence each, for people to check. */
  readonly assumptions: readonly string[];
}

/** Mean and deviation of ImageNet, R G B, as torchvision's models want them. */
const IMAGENET = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const AS_THEY_ARE = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
const CHANNELS = 3;

/**
 * The input spec of a graph with one image input: layout by where the three channels are, size by the other two. A size
 * that is dynamic must be given.
 *
 * @throws CliError GRAPH_INVALID when no picture fits in, GRAPH_AMBIGUOUS when the graph leaves something open.
 */
export function inferInput(model: GraphModel, name: string, wishes: InputWishes = {}): InferredInput {
  const { inputs } = describeGraph(model);
  const [value, ...others] = inputs;
  if (value === undefined || others.length > 0)
    throw unfit(name, `has ${inputs.length} inputs (${inputs.map((input) => input.name).join(', ')})`);
  const { dtype, shape } = value;
  if (dtype !== 'uint8' && dtype !== 'float32') throw unfit(name, `takes ${formatValue(value)}`);
  if (wishes.dtype !== undefined && wishes.dtype !== dtype)
    throw ambiguous(`${name} takes ${dtype}, not ${wishes.dtype}.`, `Leave --dtype out, or say --dtype ${dtype}.`);
  if (shape?.length !== 4) throw unfit(name, `takes ${formatValue(value)}`);
  const layout = layoutOf(name, value, shape, wishes.layout);
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  const custom = dtype === 'uint8' ? AS_THEY_ARE : IMAGENET;
  const input: InputSpec = {
    name: value.name,
    layout,
    dtype,
    width: sizeOf(name, width, wishes.width, 'width'),
    height: sizeOf(name, height, wishes.height, 'height'),
    fit: wishes.fit ?? 'fill',
    kernel: wishes.kernel ?? 'lanczos3',
    scale: wishes.scale ?? custom.scale,
    mean: wishes.mean ?? [...custom.mean],
    std: wishes.std ?? [...custom.std],
  };
  const saysNormalisation = [wishes.scale, wishes.mean, wishes.std].some((wish) => wish !== undefined);
  return {
    input,
    assumptions: [
      ...(dtype === 'float32' && !saysNormalisation
        ? ["Values are normalised as ImageNet's: (value / 255 - mean) / std."]
        : []),
      ...(wishes.fit === undefined
        ? ['The whole picture is resized to the input, without keeping its aspect (fill).']
        : []),
      ...(wishes.kernel === undefined ? ['Resizing is by lanczos3.'] : []),
    ],
  };
}

function layoutOf(
  name: string,
  value: GraphValue,
  shape: readonly (number | string)[],
  wish: InputSpec['layout'] | undefined,
): InputSpec['layout'] {
  const [, second, , last] = shape;
  const possible = [
    ...(second === CHANNELS || typeof second === 'string' ? (['NCHW'] as const) : []),
    ...(last === CHANNELS || typeof last === 'string' ? (['NHWC'] as const) : []),
  ];
  const certain =
    second === CHANNELS && last !== CHANNELS ? 'NCHW' : last === CHANNELS && second !== CHANNELS ? 'NHWC' : undefined;
  if (possible.length === 0 || (wish !== undefined && !possible.includes(wish)))
    throw unfit(name, `takes ${formatValue(value)}`, wish === undefined ? '' : ` in layout ${wish}`);
  const layout = wish ?? certain;
  if (layout !== undefined) return layout;
  throw ambiguous(
    `${name} takes ${formatValue(value)}, which does not say where the channels are.`,
    'Say it with --layout NCHW or --layout NHWC.',
  );
}

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

const unfit = (name: string, what: string, more = '') =>
  new CliError(
    'GRAPH_INVALID',
    `${name} ${what}; expected one image input${more}: uint8 or float32, [N,3,height,width] or [N,height,width,3].`,
    'Export the model with one RGB image as its input.',
  );

const ambiguous = (message: string, hint: string) => new CliError('GRAPH_AMBIGUOUS', message, hint);
