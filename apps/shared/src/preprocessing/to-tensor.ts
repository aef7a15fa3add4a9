import type { InputSpec } from '../bundle/manifest.ts';

/** Channels of the decoder's pixels. */
const CHANNELS = 3;

/** What {@link toTensorData} reads of an input spec. */
export type TensorLayout = Pick<
  InputSpec,
  'layout' | 'dtype' | 'channels' | 'width' | 'height' | 'scale' | 'mean' | 'std'
>;

/** Values of a tensor. */
export type TensorData = Uint8Array | Float32Array;

/** Where the channels of a tensor come from in R G B. */
const sources = { RGB: [0, 1, 2], BGR: [2, 1, 0], L: [0] } as const;

/** Channels of the graph's input. */
const channelsOf = ({ channels = 'RGB' }: Pick<InputSpec, 'channels'>): number => sources[channels].length;

/** Tensor dimensions of a batch. */
export function inputDimensions(input: TensorLayout, batch: number): number[] {
  const { layout, width, height } = input;
  return layout === 'NHWC' ? [batch, height, width, channelsOf(input)] : [batch, channelsOf(input), height, width];
}

/**
 * The values of one image's input tensor, batch size 1, in the order of the spec's layout and channels.
 *
 * `uint8` keeps 0..255 as they are; `float32` gives `(value * scale - mean) / std` of the channel. For `uint8`
 * NHWC in R G B the result is the given array itself, not a copy: the decoder's bytes are the tensor's.
 *
 * @param pixels RGB, 8 bits, row by row, `height * width * 3` bytes.
 * @throws RangeError when the number of bytes is another one: a mistake in the program, never in an upload.
 */
export function toTensorData(pixels: Uint8Array, input: TensorLayout): TensorData {
  const plane = input.width * input.height;
  if (pixels.length !== plane * CHANNELS)
    throw new RangeError(`expected ${input.height} x ${input.width} x ${CHANNELS} bytes, got ${pixels.length}`);
  const { channels = 'RGB', layout, dtype } = input;
  if (dtype === 'uint8' && layout === 'NHWC' && channels === 'RGB') return pixels;
  const source = channels === 'L' ? greyOf(pixels) : pixels;
  // From one pixel to the next of the same channel, in the source.
  const step = source === pixels ? CHANNELS : 1;
  const count = channelsOf(input);
  const values = arrayOf(dtype, plane * count);
  // The same in the tensor, and there from one channel to the next.
  const [pixelStep, channelStep] = layout === 'NCHW' ? [1, plane] : [count, 1];
  for (let channel = 0; channel < count; channel++) {
    const table = normalised(input, channel);
    let to = channel * channelStep;
    for (let from = sources[channels][channel] ?? 0; from < source.length; from += step, to += pixelStep)
      values[to] = table[source[from] ?? 0] ?? 0;
  }
  return values;
}

const arrayOf = (dtype: InputSpec['dtype'], length: number): TensorData =>
  dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length);

/** Grey as Pillow's `convert('L')` has it: ITU-R BT.601 in 16 bits of fraction, rounded. */
function greyOf(pixels: Uint8Array): Uint8Array {
  const grey = new Uint8Array(pixels.length / CHANNELS);
  for (let at = 0, from = 0; at < grey.length; at++, from += CHANNELS)
    grey[at] =
      ((pixels[from] ?? 0) * 19595 + (pixels[from + 1] ?? 0) * 38470 + (pixels[from + 2] ?? 0) * 7471 + 0x8000) >> 16;
  return grey;
}

/** The 256 values that a byte can become in one channel: a look-up is cheaper than the division for every pixel. */
function normalised({ dtype, scale, mean, std }: TensorLayout, channel: number): TensorData {
  const table = arrayOf(dtype, 256);
  const [subtract = 0, divide = 1] = [mean[channel], std[channel]];
  for (let value = 0; value < table.length; value++)
    table[value] = dtype === 'uint8' ? value : (value * scale - subtract) / divide;
  return table;
}
