import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { PawlError } from '../errors/pawl-error.ts';
import { examinePicture } from './examine-picture.ts';
import { defaultImageLimits } from './limits.ts';
import { blackPng, chunk } from './test/png.ts';

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#888' }, limitInputPixels: false });

/** What a container of 768 MiB with two workers leaves for one picture, see test/chart/memory.spec.ts. */
const limits = { ...defaultImageLimits, maxDecodeBytes: 285_000_000 };

/** A JPEG whose last scan comes so many times. */
async function manyScans(width: number, height: number, scans: number): Promise<Buffer> {
  const jpeg = await flat(width, height).jpeg({ progressive: true }).toBuffer();
  const last = jpeg.lastIndexOf(Buffer.of(0xff, 0xda));
  const scan = jpeg.subarray(last, jpeg.length - 2);
  return Buffer.concat([jpeg.subarray(0, last), ...Array.from({ length: scans }, () => scan), Buffer.of(0xff, 0xd9)]);
}

/** Why a picture is not decoded; undefined when it is. */
function refusalOf(bytes: Uint8Array): PawlError | undefined {
  try {
    examinePicture(bytes, limits);
    return undefined;
  } catch (error) {
    if (error instanceof PawlError) return error;
    throw error;
  }
}

describe('what is refused before any decoder sees it', () => {
  it.each([
    [
      'an AVIF of 40 megapixels',
      () => flat(6324, 6324).avif({ effort: 0, quality: 1 }).toBuffer(),
      /an AVIF of 6324 x 6324 pixels, needs \d+ MB of memory to be decoded; at most 285 MB are allowed/,
    ],
    ['a GIF of 40 megapixels', () => flat(6324, 6324).gif({ effort: 1 }).toBuffer(), /a GIF of 6324 x 6324/],
    [
      'an interlaced PNG of 16 bits and 40 megapixels',
      () => flat(6324, 6324).ensureAlpha().toColourspace('rgb16').png({ progressive: true }).toBuffer(),
      /an interlaced PNG of 6324 x 6324 pixels/,
    ],
    [
      'a progressive JPEG of a thousand scans',
      () => manyScans(6324, 6324, 1_000),
      /a progressive JPEG of 6324 x 6324 pixels in 10\d\d scans, takes \d+ s of a slow core/,
    ],
    [
      'a PNG of packed text',
      () => {
        const packed = chunk(
          'zTXt',
          Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync(Buffer.alloc(7_000_000))]),
        );
        const png = blackPng(8, 8);
        return Promise.resolve(
          Buffer.concat([png.subarray(0, 33), ...Array.from({ length: 100 }, () => packed), png.subarray(33)]),
        );
      },
      /a PNG with up to \d+ MB of text and profiles/,
    ],
    ['a PNG whose rows are as long as the picture', () => Promise.resolve(blackPng(1_000_000, 50)), /1000000 x 50/],
  ])(
    '%s',
    async (_, make, message) => {
      const bytes = await make();
      expect(refusalOf(bytes)).toMatchObject({ code: 'IMAGE_TOO_COMPLEX', status: 422 });
      expect(refusalOf(bytes)?.message).toMatch(message);
    },
    60_000,
  );

  it('the hint says how to save it instead', async () => {
    const bytes = await manyScans(6324, 6324, 1_000);
    expect(refusalOf(bytes)?.hint).toBe('Save it as a baseline JPEG (not progressive).');
  });
});

describe('photographs are decoded', () => {
  it.each([
    ['a JPEG of 12 megapixels', () => flat(4032, 3024).jpeg()],
    ['a JPEG of 48 megapixels', () => flat(8064, 6048).jpeg()],
    ['a progressive JPEG of 24 megapixels', () => flat(6000, 4000).jpeg({ progressive: true })],
    ['one without subsampling', () => flat(6000, 4000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' })],
    ['an AVIF of 12 megapixels', () => flat(4032, 3024).avif({ effort: 0, chromaSubsampling: '4:2:0' })],
    ['a WebP of 12 megapixels', () => flat(4032, 3024).webp({ effort: 0 })],
    ['a screenshot', () => flat(3840, 2160).png()],
  ])(
    '%s',
    async (_, image) => {
      const bytes = await image().toBuffer();
      expect(examinePicture(bytes, limits).header.frames).toBe(1);
    },
    60_000,
  );
});
