import { logMixtureRatio, shareSequence } from './share-sequence.ts';

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const chance = (count: number, of: number, share: number): number =>
  (factorial(of) / factorial(count) / factorial(of - count)) * share ** count * (1 - share) ** (of - count);

/**
 * Chance that the interval ever leaves the true share out: exact, by dynamic programming over the number of events.
 */
function everWrong(share: number, centre: number, alpha: number, events: number): number {
  let chances = [1];
  let wrong = 0;
  for (let of = 1; of <= events; of++) {
    const next = Array<number>(of + 1).fill(0);
    chances.forEach((p, count) => {
      next[count] = (next[count] ?? 0) + p * (1 - share);
      next[count + 1] = (next[count + 1] ?? 0) + p * share;
    });
    chances = next.map((p, count) => {
      if (p === 0 || logMixtureRatio({ count, of }, share, centre) < -Math.log(alpha)) return p;
      wrong += p;
      return 0;
    });
  }
  return wrong;
}

describe('the ratio of a mixture to a share', () => {
  it.each([
    [0.9, 0.9],
    [0.5, 0.99],
    [0.02, 1],
    [0.7, 0],
  ])('is 1 on average where the share is %d, whatever was expected (%d)', (share, centre) => {
    const of = 12;
    let mean = 0;
    for (let count = 0; count <= of; count++)
      mean += chance(count, of, share) * Math.exp(logMixtureRatio({ count, of }, share, centre));
    expect(mean).toBeCloseTo(1, 9);
  });

  it('rules out what cannot be', () => {
    expect(logMixtureRatio({ count: 1, of: 5 }, 0, 0.9)).toBe(Infinity);
    expect(logMixtureRatio({ count: 4, of: 5 }, 1, 0.9)).toBe(Infinity);
  });
});

describe('the interval of a share at every look', () => {
  it.each([
    [0.95, 0.95, 0.05],
    [0.95, 0.5, 0.05],
    [0.6, 0.99, 0.01],
  ])('leaves a share of %d, expected at %d, out with a chance of %d at most in 600 looks', (share, centre, alpha) => {
    const wrong = everWrong(share, centre, alpha, 600);
    expect(wrong).toBeLessThanOrEqual(alpha);
    // It uses what it may.
    expect(wrong).toBeGreaterThan(alpha / 50);
  });

  it('ends where the ratio is 1/alpha', () => {
    const share = { count: 940, of: 1000 };
    const { lower, upper } = shareSequence(share, { alpha: 0.01, centre: 0.95 });
    for (const end of [lower, upper]) expect(Math.exp(logMixtureRatio(share, end, 0.95))).toBeCloseTo(100, 6);
    expect(lower).toBeLessThan(0.94);
    expect(upper).toBeGreaterThan(0.94);
  });

  it('becomes narrow, however many events there are', () => {
    const width = (of: number) => {
      const { lower, upper } = shareSequence({ count: Math.round(of * 0.98), of }, { alpha: 0.001, centre: 0.98 });
      return upper - lower;
    };
    for (const [of, most] of [
      [100, 0.2],
      [1000, 0.05],
      [10_000, 0.015],
      [10_000_000, 0.0005],
    ] as const)
      expect(width(of)).toBeLessThan(most);
  });

  it('knows nothing before the first event, and keeps to 0..1', () => {
    const options = { alpha: 0.01, centre: 0.9 };
    expect(shareSequence({ count: 0, of: 0 }, options)).toEqual({ lower: 0, upper: 1 });
    expect(shareSequence({ count: 50, of: 50 }, options).upper).toBe(1);
    expect(shareSequence({ count: 0, of: 50 }, options).lower).toBe(0);
    for (const [count, of] of [
      [5, 4],
      [-1, 4],
      [NaN, 4],
      [0.5, 1],
    ] as const)
      expect(() => shareSequence({ count, of }, options)).toThrow(RangeError);
  });
});
