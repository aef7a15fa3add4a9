import sharp, { type Sharp } from 'sharp';
import { createImageDecoder } from './decode-image.ts';
import { defaultImageLimits } from './limits.ts';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { withOrientation } from './test/jpeg.ts';
import { png } from './test/png.ts';

const decode = (bytes: Uint8Array, changes: Parameters<typeof anInputSpec>[0] = {}) =>
  createImageDecoder(anInputSpec(changes), defaultImageLimits).decode(bytes);

type Colour = readonly [number, number, number];
const red: Colour = [230, 30, 30];
const green: Colour = [30, 200, 40];
const blue: Colour = [30, 40, 220];
const yellow: Colour = [230, 220, 30];

/** A raw picture of 3 channels. */
interface Raw {
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number) => Colour;
}

/** Four quarters of different colours, wider than high: no turn or mirror leaves it as it is. */
const quarters = (width = 48, height = 32): Raw => ({
  width,
  height,
  at: (x, y) => (y < height / 2 ? (x < width / 2 ? red : green) : x < width / 2 ? blue : yellow),
});

const toSharp = ({ width, height, at }: Raw) =>
  sharp(Buffer.from(Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))).flat(2)), {
    raw: { width, height, channels: 3 },
  });

/** The colour in the middle of each quarter: top left, top right, bottom left, bottom right. */
function quarterColours(pixels: Uint8Array, width: number, height: number): number[][] {
  return [0.25, 0.75].flatMap((v) =>
    [0.25, 0.75].map((u) => {
      const at = (Math.floor(v * height) * width + Math.floor(u * width)) * 3;
      return [...pixels.subarray(at, at + 3)];
    }),
  );
}

function expectColours(actual: readonly (readonly number[])[], expected: readonly Colour[], tolerance: number) {
  const differences = actual.flatMap((colour, i) => colour.map((value, c) => Math.abs(value - expected[i]![c]!)));
  expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
}

describe('every format', () => {
  it.each([
    ['jpeg', (image: Sharp) => image.jpeg({ quality: 95 }), 12],
    ['jpeg', (image: Sharp) => image.jpeg({ quality: 95, progressive: true }), 12],
    ['png', (image: Sharp) => image.png(), 0],
    ['png', (image: Sharp) => image.png({ progressive: true }), 0],
    ['webp', (image: Sharp) => image.webp({ lossless: true }), 0],
    ['webp', (image: Sharp) => image.webp({ quality: 90 }), 16],
    ['gif', (image: Sharp) => image.gif({ dither: 0 }), 6],
    ['avif', (image: Sharp) => image.avif({ quality: 90, chromaSubsampling: '4:4:4' }), 8],
  ] as const)('%s gives 224 x 224 RGB', async (format, encode, tolerance) => {
    const bytes = await encode(toSharp(quarters())).toBuffer();
    const image = await decode(bytes);
    expect(image).toMatchObject({ format, width: 48, height: 32, frames: 1 });
    expect(image.pixels).toHaveLength(224 * 224 * 3);
    expectColours(quarterColours(image.pixels, 224, 224), [red, green, blue, yellow], tolerance);
  });

  it.each(['gif', 'webp'] as const)('an animated %s gives its first frame and its number of frames', async (format) => {
    // Frames lie below each other in one tall picture.
    const frames = { width: 16, height: 48, at: (_: number, y: number) => [red, green, blue][Math.floor(y / 16)]! };
    const { data, info } = await toSharp(frames).raw().toBuffer({ resolveWithObject: true });
    const tall = sharp(data, { raw: { width: info.width, height: info.height, channels: 3, pageHeight: 16 } });
    const bytes = await (format === 'gif' ? tall.gif({ dither: 0 }) : tall.webp({ lossless: true })).toBuffer();
    const image = await decode(bytes);
    expect(image).toMatchObject({ format, width: 16, height: 16, frames: 3 });
    expectColours(quarterColours(image.pixels, 224, 224), [red, red, red, red], 6);
  });

  it('AVIF of 10 bits becomes 8', async () => {
    const bytes = await toSharp(quarters()).avif({ quality: 90, bitdepth: 10 }).toBuffer();
    expectColours(quarterColours((await decode(bytes)).pixels, 224, 224), [red, green, blue, yellow], 10);
  });

  it.each([
    [1, 1],
    [1, 40],
    [40, 1],
    [1, 3000],
    [3000, 1],
    [2, 2],
    [225, 223],
  ])('bears a picture of %i x %i', async (width, height) => {
    for (const bytes of [
      png({ width, height, depth: 8, type: 'rgb', pixel: () => red }),
      await toSharp({ width, height, at: () => red })
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer(),
    ]) {
      const image = await decode(bytes);
      expect(image).toMatchObject({ width, height });
      expect(image.pixels).toHaveLength(224 * 224 * 3);
      expectColours(quarterColours(image.pixels, 224, 224), [red, red, red, red], 3);
    }
  });
});

describe('EXIF orientation', () => {
  const [width, height] = [48, 32];
  /**
   * Where the upright picture shows the stored pixel (x, y), by what EXIF 2.3 says of row 0 and column 0: in 6, say, row
   * 0 is the right-hand side and column 0 the top.
   */
  const shownAt: Record<number, (x: number, y: number) => [x: number, y: number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [width - 1 - x, y],
    3: (x, y) => [width - 1 - x, height - 1 - y],
    4: (x, y) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [width - 1 - y, x],
    7: (x, y) => [width - 1 - y, height - 1 - x],
    8: (x, y) => [y, height - 1 - x],
  };

  describe.each([1, 2, 3, 4, 5, 6, 7, 8])('%i', (orientation) => {
    const upright = quarters(width, height);
    const [storedWidth, storedHeight] = orientation >= 5 ? [height, width] : [width, height];
    const stored: Raw = {
      width: storedWidth,
      height: storedHeight,
      at: (x, y) => upright.at(...shownAt[orientation]!(x, y)),
    };

    it.each([
      ['MM', 'JPEG enlarged', 1],
      ['II', 'JPEG shrunk on load', 24],
    ] as const)('%s, %s', async (order, _, enlarge) => {
      const jpeg = await toSharp(stored)
        .resize(stored.width * enlarge, stored.height * enlarge, { kernel: 'nearest' })
        .jpeg({ quality: 95 })
        .toBuffer();
      const image = await decode(withOrientation(jpeg, orientation, order));
      expect(image).toMatchObject({ width: width * enlarge, height: height * enlarge });
      expectColours(quarterColours(image.pixels, 224, 224), [red, green, blue, yellow], 12);
    });

    it.each(['png', 'webp'] as const)('%s', async (format) => {
      const bytes = await toSharp(stored).withMetadata({ orientation })[format]({ quality: 100 }).toBuffer();
      const image = await decode(bytes);
      expect(image).toMatchObject({ width, height });
      expectColours(quarterColours(image.pixels, 224, 224), [red, green, blue, yellow], 16);
    });
  });

  it.each([0, 9, 255, 65_535])('a value outside 1..8 is skipped: %i', async (orientation) => {
    const jpeg = await toSharp(quarters()).jpeg({ quality: 95 }).toBuffer();
    const image = await decode(withOrientation(jpeg, orientation));
    expect(image).toMatchObject({ width: 48, height: 32 });
    expectColours(quarterColours(image.pixels, 224, 224), [red, green, blue, yellow], 12);
  });
});

describe('size, fit and kernel come from the input spec', () => {
  const picture = toSharp(quarters(64, 32)).png().toBuffer();

  it.each([
    ['fill', [red, green, blue, yellow]],
    ['cover', [red, green, blue, yellow]],
  ] as const)('%s shows all four quarters', async (fit, expected) => {
    const { pixels } = await decode(await picture, { fit, width: 32, height: 32 });
    expectColours(quarterColours(pixels, 32, 32), expected, 8);
  });

  it('cover cuts the sides off', async () => {
    const striped: Raw = { width: 64, height: 32, at: (x) => (x < 12 || x >= 52 ? blue : red) };
    const bytes = await toSharp(striped).png().toBuffer();
    const { pixels } = await decode(bytes, { fit: 'cover', width: 32, height: 32, kernel: 'nearest' });
    expectColours(quarterColours(pixels, 32, 32), [red, red, red, red], 0);
  });

  it('contain pads above and below with black', async () => {
    const { pixels } = await decode(await picture, { fit: 'contain', width: 32, height: 32, kernel: 'nearest' });
    const row = (y: number) => [...pixels.subarray(y * 32 * 3, y * 32 * 3 + 3)];
    expect([row(0), row(7), row(8), row(23), row(24), row(31)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      red,
      blue,
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('width and height are not mixed up', async () => {
    const { pixels } = await decode(await picture, { width: 20, height: 10 });
    expect(pixels).toHaveLength(20 * 10 * 3);
    expectColours(quarterColours(pixels, 20, 10), [red, green, blue, yellow], 8);
  });

  it('the kernel is used: nearest repeats pixels, linear mixes them', async () => {
    const bytes = png({ width: 2, height: 1, depth: 8, type: 'grey', pixel: (x) => [x * 255] });
    const values = async (kernel: 'nearest' | 'linear') => {
      const { pixels } = await decode(bytes, { width: 8, height: 1, kernel });
      return new Set(pixels).size;
    };
    expect(await values('nearest')).toBe(2);
    expect(await values('linear')).toBeGreaterThan(2);
  });
});
