import { backoffMs, jittered } from './backoff.ts';

const backoff = { initialDelayMs: 100, maxDelayMs: 1000 };

describe('backoffMs', () => {
  it.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1000],
    [5000, 1000],
  ])('after %d failures in a row is %d ms', (failures, expected) => {
    expect(backoffMs(backoff, failures)).toBe(expected);
  });
});

describe('jittered', () => {
  it.each([
    [0, 100],
    [0.5, 110],
    [0.999, 119.98],
  ])('spreads by chance %d to %d ms', (random, expected) => {
    expect(jittered(100, 0.2, () => random)).toBeCloseTo(expected, 9);
  });
});
