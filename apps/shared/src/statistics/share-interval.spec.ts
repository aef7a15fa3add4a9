import { shareInterval, trialsFor } from './share-interval.ts';

describe('the exact interval of a share', () => {
  // Sums of binomial probabilities in 40 digits, halved to their root (mpmath 1.3).
  it.each([
    [4, 4, 0.95, 0.3976353643835253, 1],
    [1, 1, 0.95, 0.025, 1],
    [0, 20, 0.95, 0, 0.16843347098308534],
    [146, 150, 0.95, 0.9331321233225106, 0.9926874536019917],
    [363, 370, 0.95, 0.9614098690626905, 0.9923606114883499],
    [15, 30, 0.9, 0.338892661609515, 0.661107338390485],
  ])('of %i in %i at %d', (hits, count, level, lower, upper) => {
    const interval = shareInterval(hits, count, level);
    expect(interval.lower).toBeCloseTo(lower, 12);
    expect(interval.upper).toBeCloseTo(upper, 12);
  });

  it('is of at least one trial, and of no more hits than trials', () => {
    for (const [hits, count] of [
      [0, 0],
      [5, 4],
      [-1, 4],
      [NaN, 4],
    ] as const)
      expect(() => shareInterval(hits, count)).toThrow(RangeError);
  });

  it('takes so many trials to prove a share', () => {
    expect([trialsFor(0.85, 0.95), trialsFor(0.9, 0.95), trialsFor(1, 0.95)]).toEqual([23, 36, Infinity]);
    for (const limit of [0.5, 0.85, 0.9, 0.99]) {
      const needed = trialsFor(limit, 0.95);
      expect(shareInterval(needed, needed).lower).toBeGreaterThanOrEqual(limit);
      expect(shareInterval(needed - 1, needed - 1).lower).toBeLessThan(limit);
    }
  });
});
