import { countScans } from '@pawl/shared/preprocessing/decode-cost';
import { describeOtherFormat, sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { readJpegHeader } from '@pawl/shared/preprocessing/jpeg-header';
import { isSrgbProfile } from '@pawl/shared/preprocessing/srgb-profile';
import { images } from '../engine/corpus.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';

/** The readers of first bytes and headers that are Pawl's own, by clients: they never throw. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: [],
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
    ensure(countScans(bytes) >= 1, 'there is a scan');
    const header = readJpegHeader(bytes);
    if (header === undefined) return;
    const { width, height, orientation } = header;
    ensure(width >= 0 && width < 65_536 && height >= 0 && height < 65_536, 'a JPEG has 16 bits for each side');
    ensure(orientation >= 1 && orientation <= 8, 'there are eight orientations');
  },
};
