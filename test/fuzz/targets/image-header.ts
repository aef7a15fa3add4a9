import { describeOtherFormat, sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { examinePicture } from '@pawl/shared/preprocessing/examine-picture';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { isSrgbProfile } from '@pawl/shared/preprocessing/srgb-profile';
import { images } from '../engine/corpus.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';
import { headerCodes } from '../support/pictures.ts';

/** The readers of first bytes and headers that are Pawl's own, by clients. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: headerCodes,
  iterations: 2000,
  words: [
    '\xff\xd8\xff',
    '\xff\xe1',
    'Exif\0\0',
    'MM\0*',
    'II*\0',
    'ICC_PROFILE\0',
    'ftypavif',
    'RIFF',
    'WEBP',
    'GIF89a',
  ],
  seeds: () => Promise.resolve(images()),
  run: (bytes) => {
    sniffImageFormat(bytes);
    describeOtherFormat(bytes);
    isSrgbProfile(bytes);
    const { header, cost } = examinePicture(bytes, defaultImageLimits);
    const { width, height, frames } = header;
    ensure(
      Number.isInteger(width) && width > 0 && Number.isInteger(height) && height > 0,
      `${width} x ${height} is a size`,
    );
    ensure(width * height <= defaultImageLimits.maxPixels, 'no more pixels than allowed');
    ensure(frames >= 1, 'there is a frame');
    ensure(cost.memoryBytes > 0 && cost.memoryBytes <= defaultImageLimits.maxDecodeBytes, 'memory within the limit');
    ensure(cost.cpuMs > 0 && cost.cpuMs <= defaultImageLimits.maxDecodeMs, 'time within the limit');
  },
};
