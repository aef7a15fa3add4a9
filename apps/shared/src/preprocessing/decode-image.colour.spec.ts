import { createImageDecoder } from './decode-image.ts';
import { defaultImageLimits } from './limits.ts';
import { adobeRgb, encodeSrgb, greyProfile, p3, rgbProfile, toSrgb } from './test/icc.ts';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { withProfile } from './test/jpeg.ts';
import { png, type PngParts } from './test/png.ts';
import sharp from 'sharp';

/** Decodes without a change of size, so that pixels can be compared one by one. */
const decodeAsIs = async (bytes: Uint8Array, width = 8, height = 8) =>
  createImageDecoder(anInputSpec({ width, height }), defaultImageLimits).decode(bytes);

const pixelsOf = async (parts: Partial<PngParts> & Pick<PngParts, 'depth' | 'type' | 'pixel'>) => {
  const whole = { width: 8, height: 8, ...parts };
  return (await decodeAsIs(png(whole), whole.width, whole.height)).pixels;
};

/** The bytes of a picture, from a function of the position. */
const rgb = (pixel: (x: number, y: number) => readonly number[], width = 8, height = 8) =>
  Uint8Array.from(
    Array.from({ length: width * height }, (_, i) => pixel(i % width, Math.floor(i / width)).slice(0, 3)).flat(),
  );

const grey = (value: number) => [value, value, value];
/** A colour over white at an opacity of 0..1. */
const overWhite = (colour: readonly number[], opacity: number) =>
  colour.map((value) => value * opacity + 255 * (1 - opacity));

/** The furthest that any byte is away from its expectation. */
const furthest = (actual: Uint8Array, expected: ArrayLike<number>) =>
  actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i % expected.length] ?? NaN))), 0);

const ramp = (x: number, y: number) => [x * 30, y * 30, (x + y) * 15];

describe('colours become 8-bit sRGB', () => {
  it('RGB stays byte for byte', async () => {
    expect(await pixelsOf({ depth: 8, type: 'rgb', pixel: ramp })).toEqual(rgb(ramp));
  });

  it('grey of 8 bits becomes three equal channels', async () => {
    const pixels = await pixelsOf({ depth: 8, type: 'grey', pixel: (x, y) => [x * 30 + y] });
    expect(pixels).toEqual(rgb((x, y) => grey(x * 30 + y)));
  });

  it.each([1, 2, 4] as const)('grey of %i bits spans black to white', async (depth) => {
    const top = 2 ** depth - 1;
    const pixels = await pixelsOf({ depth, type: 'grey', pixel: (x, y) => [(x + y) % (top + 1)] });
    expect(pixels).toEqual(rgb((x, y) => grey((((x + y) % (top + 1)) * 255) / top)));
  });

  it('grey of 16 bits keeps the upper 8', async () => {
    const pixels = await pixelsOf({ depth: 16, type: 'grey', pixel: (x, y) => [x * 8_000 + y * 300] });
    expect(
      furthest(
        pixels,
        rgb((x, y) => grey((x * 8_000 + y * 300) / 257)),
      ),
    ).toBeLessThanOrEqual(1);
  });

  it('RGB of 16 bits keeps the upper 8', async () => {
    const pixels = await pixelsOf({ depth: 16, type: 'rgb', pixel: (x, y) => ramp(x, y).map((v) => v * 257) });
    expect(pixels).toEqual(rgb(ramp));
  });

  it.each([1, 2, 4, 8] as const)('a palette of %i bits is looked up', async (depth) => {
    const colours = Array.from({ length: 2 ** depth }, (_, i) => [255 - i, (i * 37) % 256, (i * 101) % 256]);
    const index = (x: number, y: number) => (x * 3 + y * 29) % colours.length;
    const pixels = await pixelsOf({
      depth,
      type: 'palette',
      palette: colours.flat(),
      pixel: (x, y) => [index(x, y)],
    });
    expect(pixels).toEqual(rgb((x, y) => colours[index(x, y)]!));
  });
});

describe('transparency is laid over white', () => {
  it.each([8, 16] as const)('RGBA of %i bits', async (depth) => {
    const factor = depth === 16 ? 257 : 1;
    const colour = [200, 40, 90];
    const pixels = await pixelsOf({
      depth,
      type: 'rgba',
      pixel: (x) => [...colour, x * 36].map((value) => value * factor),
    });
    expect(
      furthest(
        pixels,
        rgb((x) => overWhite(colour, (x * 36) / 255)),
      ),
    ).toBeLessThanOrEqual(1.5);
  });

  it.each([8, 16] as const)('grey with alpha of %i bits', async (depth) => {
    const factor = depth === 16 ? 257 : 1;
    const pixels = await pixelsOf({ depth, type: 'greyAlpha', pixel: (x) => [60 * factor, x * 36 * factor] });
    expect(
      furthest(
        pixels,
        rgb((x) => overWhite(grey(60), (x * 36) / 255)),
      ),
    ).toBeLessThanOrEqual(1.5);
  });

  it('a palette with alpha', async () => {
    const pixels = await pixelsOf({
      depth: 2,
      type: 'palette',
      palette: [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9],
      transparency: [255, 128, 0],
      pixel: (x) => [x % 4],
    });
    const expected = [[255, 0, 0], overWhite([0, 255, 0], 128 / 255), [255, 255, 255], [9, 9, 9]];
    expect(
      furthest(
        pixels,
        rgb((x) => expected[x % 4]!),
      ),
    ).toBeLessThanOrEqual(1);
  });

  it('one transparent colour of RGB', async () => {
    const pixels = await pixelsOf({
      depth: 8,
      type: 'rgb',
      transparency: [0, 10, 0, 20, 0, 30],
      pixel: (x) => (x % 2 === 0 ? [10, 20, 30] : [10, 20, 31]),
    });
    expect(pixels).toEqual(rgb((x) => (x % 2 === 0 ? [255, 255, 255] : [10, 20, 31])));
  });

  it('without a dark fringe where the size changes', async () => {
    // Black under full transparency must not bleed into white.
    const bytes = png({
      width: 64,
      height: 64,
      depth: 8,
      type: 'rgba',
      pixel: (x) => (x < 31 ? [0, 0, 0, 0] : [255, 255, 255, 255]),
    });
    const { pixels } = await decodeAsIs(bytes, 8, 8);
    expect(furthest(pixels, [255])).toBe(0);
  });
});

describe('embedded profiles are honoured', () => {
  // Inside sRGB's gamut, so that no clipping hides a wrong matrix.
  const colours = [
    [120, 140, 90],
    [180, 150, 140],
    [90, 90, 130],
    [128, 128, 128],
  ];
  const colour = (x: number, y: number) => colours[(x + y) % colours.length]!;

  describe.each([
    ['Adobe RGB', adobeRgb],
    ['wide P3', p3],
  ])('%s', (_, space) => {
    const expected = rgb((x, y) => toSrgb(colour(x, y), space));

    it.each([8, 16] as const)('in a PNG of %i bits', async (depth) => {
      const pixels = await pixelsOf({
        depth,
        type: 'rgb',
        profile: rgbProfile(space),
        pixel: (x, y) => colour(x, y).map((value) => value * (depth === 16 ? 257 : 1)),
      });
      expect(furthest(pixels, expected)).toBeLessThanOrEqual(2);
    });

    it('in a PNG of 16 bits with alpha', async () => {
      const pixels = await pixelsOf({
        depth: 16,
        type: 'rgba',
        profile: rgbProfile(space),
        pixel: (x, y) => [...colour(x, y), x % 2 === 0 ? 255 : 0].map((value) => value * 257),
      });
      const opaqueOrWhite = rgb((x, y) => (x % 2 === 0 ? toSrgb(colour(x, y), space) : grey(255)));
      expect(furthest(pixels, opaqueOrWhite)).toBeLessThanOrEqual(2);
    });

    it('in a JPEG, also when it is shrunk on load', async () => {
      const flat = [120, 140, 90];
      const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#788c5a' } })
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer();
      for (const size of [64, 8]) {
        const { pixels } = await decodeAsIs(withProfile(jpeg, rgbProfile(space)), size, size);
        expect(furthest(pixels, toSrgb(flat, space))).toBeLessThanOrEqual(3);
      }
    });
  });

  it('linear grey in a PNG and in a JPEG', async () => {
    const expected = grey(encodeSrgb(60 / 255));
    const pixels = await pixelsOf({ depth: 8, type: 'grey', profile: greyProfile(1), pixel: () => [60] });
    expect(furthest(pixels, expected)).toBeLessThanOrEqual(2);
    const jpeg = await sharp(Buffer.alloc(64, 60), { raw: { width: 8, height: 8, channels: 1 } })
      .toColourspace('b-w')
      .jpeg({ quality: 100 })
      .toBuffer();
    expect(furthest((await decodeAsIs(withProfile(jpeg, greyProfile(1)))).pixels, expected)).toBeLessThanOrEqual(2);
  });

  it('a profile that cannot be read is skipped', async () => {
    const pixels = await pixelsOf({ depth: 8, type: 'rgb', profile: Buffer.alloc(200, 7), pixel: ramp });
    expect(pixels).toEqual(rgb(ramp));
  });
});

describe('CMYK JPEG', () => {
  const encode = async (colour: readonly number[], hasProfile: boolean) => {
    const flat = sharp(Buffer.from(Array.from({ length: 256 }, () => colour).flat()), {
      raw: { width: 16, height: 16, channels: 3 },
    });
    const jpeg = await (hasProfile ? flat.withIccProfile('cmyk') : flat.toColourspace('cmyk'))
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    return hasProfile ? jpeg : withoutProfile(jpeg);
  };

  // The reference is the colour that went into print and back. The tables of a press are no exact inverse of each other,
  // least so in the dark; inks the wrong way round (Adobe stores them inverted) or none at all would be off by 100.
  describe.each([
    ['with a profile', true],
    ['without a profile', false],
  ])('%s', (_, hasProfile) => {
    it.each([
      ['paper white', [255, 255, 255], 2],
      ['skin', [192, 160, 144], 8],
      ['brown', [150, 120, 100], 20],
      ['light blue', [150, 180, 210], 15],
      ['near black', [40, 38, 36], 40],
    ])('%s', async (__, colour, tolerance) => {
      const jpeg = await encode(colour, hasProfile);
      expect(await sharp(jpeg).metadata()).toMatchObject({ space: 'cmyk', channels: 4, hasProfile });
      const { pixels } = await decodeAsIs(jpeg, 16, 16);
      expect(pixels).toHaveLength(16 * 16 * 3);
      expect(furthest(pixels, colour)).toBeLessThanOrEqual(tolerance);
    });
  });
});

/** Drops the APP2 segments of a JPEG, which hold its profile. */
function withoutProfile(jpeg: Buffer): Buffer {
  const parts = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] !== 0xe2) parts.push(jpeg.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...parts, jpeg.subarray(at)]);
}
