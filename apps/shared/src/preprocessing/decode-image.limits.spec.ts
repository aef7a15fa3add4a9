import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { PawlError } from '../errors/pawl-error.ts';
import { createImageDecoder, type DecodedImage } from './decode-image.ts';
import { defaultImageLimits, type ImageLimits } from './limits.ts';
import { openImage, PIXEL_LIMIT_MESSAGE } from './sharp-runtime.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { blackPng, png } from './test/png.ts';

const decode = (bytes: Uint8Array, limits: Partial<ImageLimits> = {}) =>
  createImageDecoder(anInputSpec(), { ...defaultImageLimits, ...limits }).decode(bytes);

/** Numbers that look random and are the same in every run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A picture with some content, since flat ones compress to files too short to be cut. */
function noise(width: number, height: number) {
  const random = randomNumbers(1);
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < pixels.length; at++) pixels[at] = random() * 256;
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Jest's own comparison takes half a second for a picture. */
const areEqual = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

const encoders = {
  jpeg: (image: Sharp) => image.jpeg(),
  'progressive jpeg': (image: Sharp) => image.jpeg({ progressive: true }),
  png: (image: Sharp) => image.png(),
  'interlaced png': (image: Sharp) => image.png({ progressive: true }),
  webp: (image: Sharp) => image.webp(),
  gif: (image: Sharp) => image.gif(),
  avif: (image: Sharp) => image.avif({ effort: 0 }),
};
const encoded = Object.entries(encoders).map(
  ([name, encode]) => [name, () => encode(noise(96, 64)).toBuffer()] as const,
);

describe('what is refused, and as what', () => {
  it('an empty file', async () => {
    await expect(decode(new Uint8Array())).rejects.toMatchObject({ code: 'FILE_EMPTY', status: 400 });
  });

  it('a file above the limit of bytes, whatever is in it', async () => {
    const bytes = Buffer.alloc(1001);
    await expect(decode(bytes, { maxBytes: 1000 })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      status: 413,
      message: 'The file has 1001 bytes; at most 1000 are allowed.',
    });
  });

  it('a file of exactly the limit of bytes passes', async () => {
    const bytes = png({ width: 2, height: 2, depth: 8, type: 'grey', pixel: () => [9] });
    await expect(decode(bytes, { maxBytes: bytes.length })).resolves.toMatchObject({ format: 'png' });
    await expect(decode(bytes, { maxBytes: bytes.length - 1 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
  });

  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  it.each([
    ['SVG', () => svg, 'The file is an SVG, by its first bytes.'],
    ['PDF', () => Buffer.from('%PDF-1.4\n1 0 obj\n'), 'The file is a PDF, by its first bytes.'],
    ['TIFF', () => noise(8, 8).tiff().toBuffer(), 'The file is a TIFF, by its first bytes.'],
    ['BMP', () => Buffer.from('BM\x3a\0\0\0\0\0\0\0\x36', 'latin1'), 'The file is a BMP, by its first bytes.'],
    ['HEIC', () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), /HEIC/],
    ['a path', () => Buffer.from(import.meta.filename), /not an image that is known/],
    ['random bytes', () => Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)), /not an image/],
  ])('%s is a format that is not decoded', async (_, bytes, message) => {
    const refusal = decode(await bytes());
    await expect(refusal).rejects.toMatchObject({ code: 'IMAGE_FORMAT_UNSUPPORTED', status: 415 });
    await expect(refusal).rejects.toThrow(message);
  });

  it('no other loader of libvips is open, even where the first bytes would get that far', async () => {
    for (const bytes of [svg, await noise(8, 8).tiff().toBuffer(), Buffer.from('P5 1 1 255 a')])
      await expect(openImage(bytes).metadata()).rejects.toThrow('unsupported image format');
    await expect(sharp(import.meta.filename).metadata()).rejects.toThrow();
  });

  it.each(encoded)('a %s that ends early', async (_, encode) => {
    const whole = await encode();
    await expect(decode(whole)).resolves.toMatchObject({ width: 96, height: 64 });
    for (const share of [0.2, 0.6, 0.9])
      await expect(decode(whole.subarray(0, whole.length * share))).rejects.toMatchObject({
        code: 'IMAGE_UNREADABLE',
        status: 422,
      });
  });

  it('a PNG with a wrong checksum', async () => {
    const bytes = png({ width: 8, height: 8, depth: 8, type: 'rgb', pixel: (x, y) => [x, y, 0] });
    const at = bytes.indexOf('IDAT') - 4;
    const sum = at + 8 + bytes.readUInt32BE(at);
    bytes[sum] = bytes[sum]! ^ 1;
    await expect(decode(bytes)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it.each([
    ['a GIF header and a script', 'GIF89a/*\0\0\0\0*/=1;alert(1)//'],
    ['a PNG signature and nothing', '\x89PNG\r\n\x1a\n'],
    ['a JPEG marker and text', '\xff\xd8\xff\xe0 this is not a picture'],
    ['a WebP header and text', 'RIFF\x10\0\0\0WEBPVP8 this is not a picture'],
    ['an AVIF header and text', '\0\0\0\x18ftypavif\0\0\0\0mif1avif this is not a picture'],
  ])('%s', async (_, text) => {
    await expect(decode(Buffer.from(text, 'latin1'))).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(/^The file starts as \w+ but cannot be decoded\.$/),
    });
  });

  it('what follows a whole picture changes nothing', async () => {
    const jpeg = await noise(32, 32).jpeg().toBuffer();
    const polyglot = Buffer.concat([jpeg, Buffer.from('PK\x03\x04<?php <svg %PDF', 'latin1')]);
    expect(areEqual((await decode(polyglot)).pixels, (await decode(jpeg)).pixels)).toBe(true);
  });

  it.each(encoded)('a damaged %s is pixels or a clear refusal, and nothing else', async (_, encode) => {
    const whole = await encode();
    const random = randomNumbers(42);
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(whole);
      for (let hit = 0; hit < 1 + round / 10; hit++) damaged[Math.floor(random() * whole.length)] = random() * 256;
      const result = await decode(damaged).catch((error: unknown) => error);
      if (result instanceof PawlError) expect(result.status).toBeGreaterThanOrEqual(400);
      else expect((result as DecodedImage).pixels).toHaveLength(224 * 224 * 3);
      if (result instanceof PawlError) expect(result.status).toBeLessThan(500);
    }
  });
});

describe('pixels', () => {
  it.each(encoded)('exactly the limit passes, one row more does not: %s', async (name) => {
    const encode = encoders[name as keyof typeof encoders];
    const [fits, exceeds] = await Promise.all([64, 65].map((height) => encode(noise(96, height)).toBuffer()));
    await expect(decode(fits!, { maxPixels: 96 * 64 })).resolves.toMatchObject({ width: 96, height: 64 });
    await expect(decode(exceeds!, { maxPixels: 96 * 64 })).rejects.toMatchObject({
      code: 'IMAGE_TOO_MANY_PIXELS',
      status: 422,
      message: 'The image is 96 x 65 pixels; width times height may be at most 6144 pixels.',
    });
  });

  it('the default limit is 50 megapixels, as phones make them', async () => {
    await expect(decode(blackPng(8000, 6250))).resolves.toMatchObject({ width: 8000, height: 6250 });
    await expect(decode(blackPng(8000, 6251))).rejects.toMatchObject({ code: 'IMAGE_TOO_MANY_PIXELS' });
  });

  it('a small file that unpacks to 100 megapixels is refused by its header', async () => {
    const bomb = blackPng(10_000, 10_000);
    expect(bomb.length).toBeLessThan(20_000);
    await expect(decode(bomb)).rejects.toMatchObject({
      code: 'IMAGE_TOO_MANY_PIXELS',
      message: expect.stringContaining('10000 x 10000'),
    });
  });

  it('libvips enforces the limit too, should a header be read differently', async () => {
    const jpeg = await noise(96, 64).jpeg().toBuffer();
    await expect(
      openImage(jpeg, { maxPixels: 96 * 64 - 1 })
        .raw()
        .toBuffer(),
    ).rejects.toThrow(new Error(PIXEL_LIMIT_MESSAGE));
  });
});

describe('time', () => {
  // Of these sizes each takes a multiple of the limit to decode.
  it.each([
    ['a PNG, decoded row by row', () => blackPng(8000, 5000)],
    ['an AVIF, decoded in one go', () => noise(1600, 1200).avif({ effort: 0, quality: 80 }).toBuffer()],
  ])('%s that takes too long is refused in time, and the thread stays free', async (_, encode) => {
    const bytes = await encode();
    // Counted by the process, and never taken back for a worker thread that another test file ended while it decoded.
    const decodesBefore = sharp.counters().process;
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 5);
    await expect(decode(bytes, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'IMAGE_TIMEOUT',
      status: 422,
      message: 'The image was not decoded within 20 ms.',
    });
    clearInterval(ticking);
    // In time: libvips is still at it.
    expect(sharp.counters().process).toBeGreaterThan(decodesBefore);
    expect(ticks).toBeGreaterThan(0);
    // The abandoned decode ends by itself and disturbs no other.
    await expect(decode(await noise(96, 64).jpeg().toBuffer())).resolves.toMatchObject({ width: 96 });
    await eventually('the end of the abandoned decode', () => sharp.counters().process <= decodesBefore);
  });

  it('a picture in time leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await decode(await noise(96, 64).jpeg().toBuffer());
    // One of another's may have ended meanwhile.
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('what callers rely on', () => {
  it('pixels lie alone in their buffer and can be given back at once', async () => {
    const { pixels } = await decode(await noise(96, 64).png().toBuffer());
    expect([pixels.byteOffset, pixels.buffer.byteLength]).toEqual([0, 224 * 224 * 3]);
    expect(pixels.buffer.transfer(0).byteLength).toBe(0);
    expect(pixels.length).toBe(0);
  });

  it('input is left as it was, also when it is a view into a larger buffer', async () => {
    const bytes = await noise(96, 64).jpeg().toBuffer();
    const around = new Uint8Array(bytes.length + 20).fill(7);
    around.set(bytes, 10);
    const copy = Uint8Array.from(around);
    const { pixels } = await decode(around.subarray(10, 10 + bytes.length));
    expect(areEqual(around, copy)).toBe(true);
    expect(areEqual(pixels, (await decode(bytes)).pixels)).toBe(true);
  });

  it('one bad picture among many decoded at once fails alone', async () => {
    const good = await noise(96, 64).jpeg().toBuffer();
    const bad = good.subarray(0, good.length / 2);
    const results = await Promise.allSettled([good, bad, good, Buffer.from('<svg/>'), good].map((b) => decode(b)));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('the same bytes give the same pixels', async () => {
    const bytes = await noise(640, 480).jpeg().toBuffer();
    const all = await Promise.all(Array.from({ length: 8 }, () => decode(bytes)));
    for (const { pixels } of all) expect(areEqual(pixels, all[0]!.pixels)).toBe(true);
  });

  it('only the module with the settings imports sharp', async () => {
    for (const file of ['decode-image', 'examine-picture', 'image-format', 'to-tensor'])
      expect(await readFile(`${import.meta.dirname}/${file}.ts`, 'utf8')).not.toMatch(/from 'sharp'/);
  });
});
