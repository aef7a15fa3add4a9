import { createRandom } from './random.ts';

const SEEDS = 4000;
const firstDraws = (count: number) =>
  Array.from({ length: SEEDS }, (_, seed) => {
    const random = createRandom(seed);
    return Array.from({ length: count }, () => random.next());
  });

/** Pearson's, of two lists of uniform numbers. */
function correlation(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - 0.5) * ((b[i] ?? 0) - 0.5) * 12, 0) / a.length;
}

describe('a stream', () => {
  it('is the same for the same seed, and another for the next', () => {
    const draw = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 50 }, () => random.next());
    };
    expect(draw(42)).toEqual(draw(42));
    expect(draw(43)).not.toEqual(draw(42));
  });

  it('begins anywhere, whatever the seed: streams of small seeds are used for one draw too', () => {
    const draws = firstDraws(3);
    for (let at = 0; at < 3; at++) {
      const values = draws.map((stream) => stream[at] ?? NaN);
      expect(values.reduce((a, b) => a + b) / SEEDS).toBeCloseTo(0.5, 1);
      const tenths = new Set(values.map((value) => Math.floor(value * 10)));
      expect(tenths.size).toBe(10);
      // Of neighbouring seeds, and of neighbouring draws; 4 deviations of 1 / sqrt(4000).
      expect(Math.abs(correlation(values.slice(1), values.slice(0, -1)))).toBeLessThan(0.063);
      if (at > 0) {
        const before = draws.map((stream) => stream[at - 1] ?? NaN);
        expect(Math.abs(correlation(values, before))).toBeLessThan(0.063);
      }
    }
  });

  it('has integers below a limit, each as often', () => {
    const random = createRandom(7);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) {
      const drawn = random.below(5);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('has normal numbers', () => {
    const random = createRandom(7);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length).toBeCloseTo(1, 1);
  });

  it('has orders with every number once', () => {
    const order = createRandom(7).permutation(100);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
  });
});
