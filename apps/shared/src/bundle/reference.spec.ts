import { binOf, decilesOf, distributionOf, distributionSchema } from './reference.ts';

describe('a distribution', () => {
  it('has a bin for every number', () => {
    const { counts, mean, std } = distributionOf([-5, 0, 1, 1.5, 2, 99], [0, 1, 2]);
    expect(counts).toEqual([1, 1, 2, 2]);
    expect(mean).toBeCloseTo(16.4167, 3);
    expect(std).toBeCloseTo(37.006, 2);
    expect(binOf(-Infinity, [0, 1])).toBe(0);
    expect(binOf(Infinity, [0, 1])).toBe(2);
  });

  it('has edges that cut the numbers into tenths', () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    expect(decilesOf(values)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(distributionOf(values, decilesOf(values)).counts).toEqual(new Array(10).fill(10));
  });

  it('has each edge once, whatever repeats', () => {
    expect(decilesOf([500, 500, 500, 500])).toEqual([500]);
    expect(distributionOf([500, 500], [500]).counts).toEqual([0, 2]);
  });

  it('is refused when edges and counts do not fit', () => {
    const rest = { mean: 0, std: 1 };
    expect(distributionSchema.safeParse({ edges: [1, 2], counts: [1, 2, 3], ...rest }).success).toBe(true);
    expect(distributionSchema.safeParse({ edges: [1, 2], counts: [1, 2], ...rest }).success).toBe(false);
    expect(distributionSchema.safeParse({ edges: [2, 1], counts: [1, 2, 3], ...rest }).success).toBe(false);
  });
});
