import { fingerprintOf } from './fingerprint.ts';
import { groupNearDuplicates, gridsAgree, hammingDistance } from './near-duplicates.ts';

type Colour = readonly [number, number, number];

const SIDE = 64;

/** The fingerprint of a picture that is given as a function of the position, each from 0 to 1. */
const printOf = (colour: (u: number, v: number) => Colour, width = SIDE, height = SIDE) => {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++)
    pixels.set(colour(((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height).map(Math.round), i * 3);
  return fingerprintOf(pixels, width, height);
};

/** Smooth blobs whose places depend on a number: stands for a photograph. */
const scene =
  (seed: number, brightness = 1, shift = 0) =>
  (u: number, v: number): Colour => {
    const wave = (k: number) =>
      Math.sin(6 * (u + shift) * (1 + ((seed * k) % 5)) + seed) * Math.cos(5 * v * (1 + ((seed + k) % 4)) + seed * k);
    return [wave(1), wave(2), wave(3)].map((value) =>
      Math.min(255, (127 + 100 * value) * brightness),
    ) as unknown as Colour;
  };

const flat = (colour: Colour) => () => colour;

/** The 64 bits of a hash, first to last. */
const bitsOf = (hash: string) => BigInt(`0x${hash}`).toString(2).padStart(64, '0');

describe('fingerprintOf', () => {
  it('measures brightness as BT.601 luma', () => {
    expect(printOf(flat([255, 255, 255])).brightness).toBe(255);
    expect(printOf(flat([0, 0, 0])).brightness).toBe(0);
    expect(printOf(flat([255, 0, 0])).brightness).toBeCloseTo(76.25, 1);
    expect(printOf(flat([0, 255, 0])).brightness).toBeCloseTo(149.69, 1);
    expect(printOf(flat([0, 0, 255])).brightness).toBeCloseTo(29.07, 1);
  });

  it('has the mean colour of each cell in its grid', () => {
    const { grid } = printOf((u, v) => [Math.floor(u * 8) * 30, Math.floor(v * 8) * 30, 7]);
    const values = Buffer.from(grid, 'base64');
    expect(values).toHaveLength(8 * 8 * 3);
    expect([...values.subarray(0, 3)]).toEqual([0, 0, 7]);
    expect([...values.subarray((8 * 2 + 5) * 3, (8 * 2 + 5) * 3 + 3)]).toEqual([150, 60, 7]);
  });

  it('has 64 bits, half of them set: they are compared with their median', () => {
    const { hash } = printOf(scene(3));
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(hammingDistance(hash, '0000000000000000')).toBe(32);
  });

  it('takes the bit of a frequency from the cosine of that frequency', () => {
    // One wave across and one down: of all frequencies only (2,3) and (5,1) stand out, and both are above the median.
    const wave = (k: number, x: number) => Math.cos(Math.PI * k * x);
    const { hash } = printOf((u, v) => {
      const value = 127 + 50 * wave(2, u) * wave(3, v) + 50 * wave(5, u) * wave(1, v);
      return [value, value, value];
    });
    const bits = bitsOf(hash);
    // Rows of the block are frequencies downwards, both from 1.
    expect(bits[(3 - 1) * 8 + (2 - 1)]).toBe('1');
    expect(bits[(1 - 1) * 8 + (5 - 1)]).toBe('1');
    const negative = printOf((u, v) => {
      const value = 127 - 50 * wave(2, u) * wave(3, v);
      return [value, value, value];
    });
    const others = bitsOf(negative.hash);
    expect(others[(3 - 1) * 8 + (2 - 1)]).toBe('0');
  });

  it('hardly changes with size, brightness or a slight shift, and does with the picture', () => {
    const original = printOf(scene(3));
    for (const alike of [printOf(scene(3), 227, 131), printOf(scene(3, 0.8)), printOf(scene(3, 1, 0.004))])
      expect(hammingDistance(original.hash, alike.hash)).toBeLessThanOrEqual(6);
    for (let other = 4; other < 20; other++)
      expect(hammingDistance(original.hash, printOf(scene(other)).hash)).toBeGreaterThan(6);
  });
});

describe('hammingDistance', () => {
  it.each([
    ['0000000000000000', '0000000000000000', 0],
    ['ffffffffffffffff', '0000000000000000', 64],
    ['8000000000000001', '0000000000000000', 2],
    ['00000000ffffffff', 'ffffffff00000000', 64],
    ['0123456789abcdef', '0123456789abcdee', 1],
  ])('%s and %s: %i', (a, b, distance) => {
    expect(hammingDistance(a, b)).toBe(distance);
    expect(hammingDistance(b, a)).toBe(distance);
  });

  it('agrees with counting digits of BigInts', () => {
    const random = (seed: number) => (BigInt(seed + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    const hex = (value: bigint) => value.toString(16).padStart(16, '0');
    for (let i = 0; i < 200; i++) {
      const [a, b] = [random(i), random(i * 7 + 3)];
      const expected = (a ^ b).toString(2).replaceAll('0', '').length;
      expect(hammingDistance(hex(a), hex(b))).toBe(expected);
    }
  });
});

describe('groupNearDuplicates', () => {
  it('groups pictures that are alike, transitively, and nothing else', async () => {
    const prints = [scene(3), scene(4), scene(3, 0.9), scene(5), scene(3, 0.8), scene(4, 0.9)].map((of) => printOf(of));
    expect(await groupNearDuplicates(prints, 6)).toEqual([
      [0, 2, 4],
      [1, 5],
    ]);
  });

  it('with 0 bits only equal hashes count', async () => {
    const prints = [printOf(scene(3)), printOf(scene(3)), printOf(scene(4))];
    expect(await groupNearDuplicates(prints, 0)).toEqual([[0, 1]]);
  });

  it('does not take flat pictures for one another, though their hashes are equal', async () => {
    const [white, black, blue, almostWhite] = [
      printOf(flat([255, 255, 255])),
      printOf(flat([0, 0, 0])),
      printOf(flat([20, 40, 200])),
      printOf(flat([253, 254, 255])),
    ];
    expect(hammingDistance(white.hash, black.hash)).toBeLessThanOrEqual(6);
    expect(await groupNearDuplicates([white, black, blue, almostWhite], 6)).toEqual([[0, 3]]);
  });

  it('asks the grids as well: equal hashes of different pictures are no duplicates', async () => {
    const [a, b] = [printOf(scene(3)), printOf(scene(8))];
    expect(gridsAgree(a.grid, b.grid)).toBe(false);
    expect(await groupNearDuplicates([a, { ...b, hash: a.hash }], 6)).toEqual([]);
  });

  it('finds a greyscale copy', () => {
    const grey = printOf((u, v) => {
      const [r, g, b] = scene(3)(u, v);
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      return [luma, luma, luma];
    });
    expect(gridsAgree(printOf(scene(3)).grid, grey.grid)).toBe(true);
  });

  it('gives up when the signal says so', async () => {
    const one = printOf(scene(3), 32, 32);
    const prints = Array.from({ length: 3000 }, () => one);
    await expect(groupNearDuplicates(prints, 6, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
