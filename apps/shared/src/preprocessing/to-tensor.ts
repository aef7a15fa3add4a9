import type { InputSpec } from '../bundle/manifest.ts';

const CHANNELS = 3;

/** What {@link toTensorData} reads of an input spec. */
export type TensorLayout = Pick<InputSpec, 'layout' | 'dtype' | 'width' | 'height' | 'scale' | 'mean' | 'std'>;

/**
 * The values of one image's input tensor, batch size 1, in the order of the spec's layout.
 *
 * `uint8` keeps 0..255 as they are; `float32` gives `(value * scale - mean) / std` of the channel. For `uint8` NHWC the
 * result is the given array itself, not a copy: the decoder's bytes are the tensor's.
 *
 * @param pixels RGB, 8 bits, row by row, `height * width * 3` bytes.
 * @throws RangeError when the number of bytes is another one: a mistake in the program, never in an upload.
 */
export function toTensorData(pixels: Uint8Array, input: TensorLayout): Uint8Array | Float32Array {
  const plane = input.width * input.height;
  if (pixels.length !== plane * CHANNELS)
    throw new RangeError(`expected ${input.height} x ${input.width} x ${CHANNELS} bytes, got ${pixels.length}`);
  if (input.dtype === 'uint8') {
    if (input.layout === 'NHWC') return pixels;
    const planes = new Uint8Array(pixels.length);
    for (let channel = 0; channel < CHANNELS; channel++) {
      const start = channel * plane;
      for (let pixel = 0, from = channel; pixel < plane; pixel++, from += CHANNELS)
        planes[start + pixel] = pixels[from] ?? 0;
    }
    return planes;
  }
  const values = new Float32Array(pixels.length);
  // From one pixel to the next of the same channel, and from one channel to the next, in the tensor.
  const [pixelStep, channelStep] = input.layout === 'NCHW' ? [1, plane] : [CHANNELS, 1];
  for (let channel = 0; channel < CHANNELS; channel++) {
    const table = normalised(input, channel);
    let to = channel * channelStep;
    for (let from = channel; from < pixels.length; from += CHANNELS, to += pixelStep)
      values[to] = table[pixels[from] ?? 0] ?? 0;
  }
  return values;
}

/** The 256 values that a byte can become in one channel: a look-up is cheaper than the division for every pixel. */
function normalised({ scale, mean, std }: TensorLayout, channel: number): Float32Array {
  const [subtract = 0, divide = 1] = [mean[channel], std[channel]];
  return Float32Array.from({ length: 256 }, (_, value) => (value * scale - subtract) / divide);
}
