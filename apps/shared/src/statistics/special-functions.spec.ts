import { logBeta, logBetaCdf, logGamma, logMeanExp, logOneMinusExp, logSumExp } from './special-functions.ts';

/** Within 1e-10, relative where the value is large. */
const near = (value: number, expected: number) => Math.abs(value - expected) <= 1e-10 * Math.max(1, Math.abs(expected));

describe('ln of the gamma function', () => {
  // Reference: math.lgamma of Python 3.11.
  it.each([
    [1e-5, 11.512919692895824],
    [0.1, 2.2527126517342055],
    [0.5, 0.5723649429247004],
    [1, 0],
    [1.5, -0.12078223763524543],
    [2, 0],
    [2.5, 0.2846828704729196],
    [3.7, 1.4280723266653883],
    [10, 12.801827480081467],
    [123.456, 469.60554712992956],
    [1e4, 82099.71749644238],
    [1e7, 151180949.3694739],
    [12345678.9, 189244641.3185023],
  ])('is exact to 10 digits at %f', (x, expected) => {
    expect(near(logGamma(x), expected)).toBe(true);
  });

  it.each([0, -1, NaN])('is refused for %f', (x) => {
    expect(() => logGamma(x)).toThrow(RangeError);
  });
});

describe('ln of the beta function', () => {
  it('is that of factorials', () => {
    expect(Math.exp(logBeta(3, 4))).toBeCloseTo((2 * 6) / 720, 12);
  });
});

describe('ln of the probability that a beta variable is at most x', () => {
  // Reference: the tail of the binomial distribution in fractions of integers, Python 3.11.
  it.each([
    [0.5, 1, 1, -0.6931471805599453],
    [0.01, 3, 5, -10.29025269546837],
    [0.01, 20, 200, -29.45207961555202],
    [0.95, 950, 60, -0.1029915973263044],
    [0.05, 150, 900, -67.977922702554],
    [0.999, 5, 2, -0.00001496015687859389],
  ])('of %f for (%f, %f)', (x, a, b, expected) => {
    expect(near(logBetaCdf(x, a, b), expected)).toBe(true);
  });

  it('is certain at 1 and impossible at 0', () => {
    expect([logBetaCdf(0, 2, 3), logBetaCdf(1, 2, 3)]).toEqual([-Infinity, 0]);
  });

  it('is found for many millions of events', () => {
    // At its median, nearly: the distribution is as good as normal.
    expect(logBetaCdf(0.05, 5e6, 95e6)).toBeCloseTo(Math.log(0.5), 3);
  });

  it('is refused outside of [0, 1]', () => {
    expect(() => logBetaCdf(1.1, 1, 1)).toThrow(RangeError);
  });
});

describe('sums of exponentials', () => {
  it('neither overflow nor vanish', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 10);
    expect(logSumExp([-1000, -1001])).toBeCloseTo(-1000 + Math.log(1 + Math.exp(-1)), 10);
    expect(logMeanExp([1000, -Infinity])).toBeCloseTo(1000 - Math.LN2, 10);
  });

  it('of nothing, of nothing but impossible terms, and of a certain one', () => {
    expect([logSumExp([]), logSumExp([-Infinity]), logSumExp([Infinity, 1])]).toEqual([-Infinity, -Infinity, Infinity]);
  });

  it('have differences that are exact on both sides', () => {
    expect(logOneMinusExp(-1e-12)).toBeCloseTo(Math.log(1e-12), 3);
    expect(logOneMinusExp(-50)).toBeCloseTo(-Math.exp(-50), 30);
  });
});
