import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { images } from '../engine/corpus.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';
import { headerCodes } from '../support/pictures.ts';
import { repairPng } from '../support/png.ts';

const input = anInputSpec({ width: 64, height: 64 });
/** Small pictures, so that one that costs more than its pixels shows in the memory of the process. */
const limits = { ...defaultImageLimits, maxPixels: 2_000_000, timeoutMs: 10_000 };
const decoder = createImageDecoder(input, limits);

/** Pictures, by clients. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: [...headerCodes, 'IMAGE_TIMEOUT'],
  iterations: 400,
  repair: repairPng,
  seeds: () => Promise.resolve(images()),
  run: async (bytes) => {
    const { pixels, width, height, frames } = await decoder.decode(bytes);
    ensure(pixels.length === input.width * input.height * 3, 'the pixels fill the input of the model');
    ensure(width > 0 && height > 0 && width * height <= limits.maxPixels, `${width} x ${height} is within the limit`);
    ensure(frames >= 1, 'there is a frame');
  },
};
