import { mcnemarP } from './mcnemar.ts';

describe("McNemar's exact test", () => {
  // Sums of binomial coefficients as whole numbers (mpmath 1.3).
  it.each([
    [0, 2, 0.5],
    [0, 6, 0.03125],
    [3, 1, 0.625],
    [1, 3, 0.625],
    [5, 12, 0.143463134765625],
    [200, 260, 0.005883922473103979],
    [4, 4, 1],
    [0, 0, 1],
  ])('of %i fixed and %i broken', (fixed, broken, p) => {
    expect(mcnemarP(fixed, broken)).toBeCloseTo(p, 10);
  });

  it('takes counts alone', () => {
    for (const [fixed, broken] of [
      [-1, 2],
      [0.5, 2],
      [1, NaN],
    ] as const)
      expect(() => mcnemarP(fixed, broken)).toThrow(RangeError);
  });
});
