import sharp from 'sharp';
import { countScans, estimateDecodeMs, isToBlame } from './decode-cost.ts';

const LIMIT_MS = 5_000;
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });

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
    expect(isToBlame(load, LIMIT_MS)).toBe(expected);
  });

  it('more pixels, passes and bytes cost more', () => {
    const small = { format: 'jpeg', bytes: 1000, pixels: 1000, passes: 1 } as const;
    for (const larger of [{ bytes: 2000 }, { pixels: 2000 }, { passes: 2 }])
      expect(estimateDecodeMs({ ...small, ...larger })).toBeGreaterThan(estimateDecodeMs(small));
  });
});

describe('scans of a JPEG', () => {
  it('is one in a baseline file, and several in a progressive one', async () => {
    expect(countScans(await noise(64, 48).jpeg().toBuffer())).toBe(1);
    expect(countScans(await noise(64, 48).jpeg({ progressive: true }).toBuffer())).toBeGreaterThan(5);
  });

  it('is one for what has none', () => {
    expect(countScans(new Uint8Array())).toBe(1);
  });
});
