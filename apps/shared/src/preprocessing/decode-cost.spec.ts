import sharp, { type Sharp } from 'sharp';
import { decodeCost, estimateDecodeMs, isToBlame } from './decode-cost.ts';
import { sniffImageFormat } from './image-format.ts';
import { readPictureHeader } from './picture-header/picture-header.ts';

const LIMIT_MS = 5_000;
const flat = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background: '#888' }, limitInputPixels: false });

/** What decoding costs, bytes of memory as MB. */
async function costOf(image: Sharp): Promise<{ readonly megabytes: number; readonly cpuMs: number }> {
  const bytes = await image.toBuffer();
  const { memoryBytes, cpuMs } = decodeCost(readPictureHeader(bytes, sniffImageFormat(bytes)!)!, bytes.length);
  return { megabytes: memoryBytes / 1e6, cpuMs };
}

describe('who is to blame when a decode did not end in time', () => {
  it.each([
    ['an ordinary photograph', { format: 'jpeg', bytes: 120_000, pixels: 800 * 600, passes: 1 }, false],
    ['a progressive one', { format: 'jpeg', bytes: 120_000, pixels: 800 * 600, passes: 8 }, false],
    ['a screenshot', { format: 'png', bytes: 400_000, pixels: 1920 * 1080, passes: 1 }, false],
    ['the largest JPEG', { format: 'jpeg', bytes: 10_000_000, pixels: 40_000_000, passes: 1 }, true],
    ['a large AVIF', { format: 'avif', bytes: 1_700, pixels: 40_000_000, passes: 1 }, true],
    ['a small JPEG of many scans', { format: 'jpeg', bytes: 900_000, pixels: 800 * 600, passes: 50_000 }, true],
    ['megabytes before the first pixel', { format: 'png', bytes: 9_000_000, pixels: 0, passes: 1 }, true],
  ] as const)('%s', (_, load, expected) => {
    expect(isToBlame(estimateDecodeMs(load), LIMIT_MS)).toBe(expected);
  });

  it('more pixels, passes and bytes cost more', () => {
    const small = { format: 'jpeg', bytes: 1000, pixels: 1000, passes: 1 } as const;
    for (const larger of [{ bytes: 2000 }, { pixels: 2000 }, { passes: 2 }])
      expect(estimateDecodeMs({ ...small, ...larger })).toBeGreaterThan(estimateDecodeMs(small));
  });
});

describe('memory of one picture by its header', () => {
  it('a baseline JPEG of a phone costs little, whatever its size', async () => {
    expect((await costOf(flat(4032, 3024).jpeg())).megabytes).toBeLessThan(30);
    expect((await costOf(flat(8064, 6048).jpeg())).megabytes).toBeLessThan(30);
  });

  it('a progressive JPEG costs two bytes a sample more', async () => {
    const [baseline, progressive] = [
      await costOf(flat(4000, 3000).jpeg()),
      await costOf(flat(4000, 3000).jpeg({ progressive: true })),
    ];
    // 4:2:0: one and a half samples a pixel.
    expect(progressive.megabytes - baseline.megabytes).toBeGreaterThan(12 * 1.5 * 2);
  });

  it('what is decoded whole costs by its pixels', async () => {
    const pixels = 2000 * 2000;
    for (const image of [
      flat(2000, 2000).avif({ effort: 0 }),
      flat(2000, 2000).gif({ effort: 1 }),
      flat(2000, 2000).png({ progressive: true }),
    ])
      expect((await costOf(image)).megabytes * 1e6).toBeGreaterThan(pixels * 3);
  });

  it('rows count by their length: a strip costs more than a square of as many pixels', async () => {
    const [strip, square] = [await costOf(flat(60_000, 100).png()), await costOf(flat(2450, 2450).png())];
    expect(strip.megabytes).toBeGreaterThan(square.megabytes * 1.5);
  });
});
