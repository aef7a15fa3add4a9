import sharp from 'sharp';
import { createImageDecoder } from './decode-image.ts';
import { encodePng, encodeThumbnail } from './encode-image.ts';
import { defaultImageLimits } from './limits.ts';
import { anInputSpec } from '@pawl/test-kit/input-spec';

/** A pattern without regularity, the same every time. */
const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255);

describe('encodePng', () => {
  it.each([
    [224, 224],
    [1, 1],
    [37, 227],
  ])('%i x %i pixels come back byte for byte from the decoder', async (width, height) => {
    const pixels = noise(width * height * 3);
    const decoder = createImageDecoder(anInputSpec({ width, height }), defaultImageLimits);
    const decoded = await decoder.decode(await encodePng({ pixels, width, height }));
    expect(decoded).toMatchObject({ format: 'png', width, height });
    expect(Buffer.compare(decoded.pixels, pixels)).toBe(0);
  });

  it('gives the same bytes for the same picture, 8 bits RGB without a profile', async () => {
    const picture = { pixels: noise(32 * 32 * 3), width: 32, height: 32 };
    const png = await encodePng(picture);
    expect(Buffer.compare(png, await encodePng(picture))).toBe(0);
    expect(await sharp(png).metadata()).toMatchObject({ channels: 3, depth: 'uchar', hasProfile: false });
  });
});

describe('encodeThumbnail', () => {
  it('has the size that was asked for', async () => {
    const png = await encodePng({ pixels: noise(64 * 64 * 3), width: 64, height: 64 });
    expect(await sharp(await encodeThumbnail(png, 30, 20)).metadata()).toMatchObject({ width: 30, height: 20 });
  });
});
