import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { counted } from '../test/builders.ts';
import type { PodCounters } from './counters.ts';
import { binomialTail, judge, histogramQuantile } from './judge.ts';

const limits = rolloutPolicySchema.parse({}).analysis;

const verdicts = (canary: PodCounters, stable: PodCounters) =>
  Object.fromEntries(judge(canary, stable, limits).checks.map(({ name, verdict }) => [name, verdict]));
const labels = (cat: number, dog: number) => ({ labels: { cat, dog } });
/** All of `requests` took between 250 and 500 ms. */
const slow = (requests: number) => ({ latency: [0, 0, 0, 0, 0, requests, requests, requests] });
/** `some` of `requests` took longer than a second, the others less than 100 ms. */
const beyond = (requests: number, some: number) => ({
  latency: [0, 0, 0, ...Array<number>(4).fill(requests - some), requests],
});

describe('a canary that answers like the stable pods', () => {
  it('passes', () => {
    expect(judge(counted(100), counted(300), limits).verdict).toBe('Pass');
  });
});

describe('too little data', () => {
  it.each<[string, PodCounters, PodCounters]>([
    ['no request at all', counted(0, { labels: {} }), counted(0, { labels: {} })],
    ['no request to the canary', counted(0, { labels: {} }), counted(1000)],
    ['one less than enough', counted(49), counted(300)],
    ['too few to the stable pods', counted(300), counted(49)],
  ])('is inconclusive, never a pass: %s', (_, canary, stable) => {
    expect(judge(canary, stable, limits).verdict).toBe('Inconclusive');
  });

  it('says how many requests are missing', () => {
    expect(judge(counted(12), counted(300), limits).checks[0]?.message).toBe(
      'the canary answered 12 and the stable pods 300 requests in this step; each needs 50',
    );
  });
});

describe('errors', () => {
  it.each<[string, PodCounters, PodCounters, string]>([
    ['every one of five requests fails', counted(5, { errors: 5 }), counted(300), 'Fail'],
    ['one of ten fails, which may be chance', counted(10, { errors: 1 }), counted(300), 'Inconclusive'],
    ['a tenth of many fails', counted(200, { errors: 20 }), counted(300), 'Fail'],
    ['as many fail as of the stable pods', counted(200, { errors: 20 }), counted(200, { errors: 20 }), 'Pass'],
    ['a little more than allowed, which may be chance', counted(100, { errors: 2 }), counted(300), 'Inconclusive'],
  ])('%s', (_, canary, stable, verdict) => {
    expect(verdicts(canary, stable)).toMatchObject({ ErrorRate: verdict });
  });
});

describe('latency', () => {
  it.each<[string, PodCounters, PodCounters, string]>([
    ['a canary many times as slow', counted(100, slow(100)), counted(300), 'Fail'],
    ['a canary as slow as slow stable pods', counted(100, slow(100)), counted(300, slow(300)), 'Pass'],
    ['a few slow requests', counted(100, { latency: [0, 0, 97, 97, 97, 100, 100, 100] }), counted(300), 'Pass'],
    [
      'most requests of both beyond the end of the histogram',
      counted(100, { latency: [0, 0, 0, 0, 0, 0, 0, 100] }),
      counted(300, { latency: [0, 0, 0, 0, 0, 0, 0, 300] }),
      'Inconclusive',
    ],
    [
      'as large a share of both beyond the end of the histogram',
      counted(100, beyond(100, 20)),
      counted(300, beyond(300, 60)),
      'Pass',
    ],
    [
      'a larger share of the canary beyond the end of the histogram',
      counted(100, beyond(100, 21)),
      counted(300, beyond(300, 60)),
      'Inconclusive',
    ],
    // 1.5 times the stable p95 of 49 ms is 73 ms; the histogram cannot tell that from its next edge, 100 ms.
    [
      'a canary within the edge above its limit',
      counted(100, { latency: [0, 0, 0, 100, 100, 100, 100, 100] }),
      counted(300),
      'Pass',
    ],
  ])('%s', (_, canary, stable, verdict) => {
    expect(verdicts(canary, stable)).toMatchObject({ Latency: verdict });
  });
});

describe('the mix of predictions', () => {
  it.each<[string, PodCounters, PodCounters, string]>([
    ['the same mix', counted(100, labels(50, 50)), counted(300, labels(150, 150)), 'Pass'],
    ['a mix within the limit', counted(200, labels(110, 90)), counted(300, labels(150, 150)), 'Pass'],
    ['another mix', counted(100, labels(90, 10)), counted(300, labels(150, 150)), 'Fail'],
    ['another mix after few requests, which may be chance', counted(10, labels(8, 2)), counted(300), 'Inconclusive'],
    ['a label that only the canary knows', counted(100, { labels: { fox: 100 } }), counted(300), 'Fail'],
  ])('%s', (_, canary, stable, verdict) => {
    expect(verdicts(canary, stable)).toMatchObject({ Predictions: verdict });
  });

  it('is told in words', () => {
    expect(judge(counted(100, labels(90, 10)), counted(300), limits).checks[2]?.message).toBe(
      'the canary answers "cat" to 90 % of 100 images, the stable pods to 50 % of 300',
    );
  });
});

describe('the binomial test', () => {
  // Reference: the sum of math.comb(n, i) * p**i * (1 - p)**(n - i) in Python 3.11.
  it.each([
    [5, 5, 0.01, 1e-10],
    [1, 10, 0.01, 0.09561792499],
    [20, 200, 0.06, 0.01793496586],
    [60, 1000, 0.05, 0.08673217839],
    [0, 10, 0.5, 1],
  ])('%i or more of %i at %f', (count, of, share, expected) => {
    expect(binomialTail(count, of, share)).toBeCloseTo(expected, 9);
  });

  it('does not overflow', () => {
    expect(binomialTail(50_000, 100_000, 0.5)).toBeCloseTo(0.5, 2);
  });
});

describe('a quantile', () => {
  it('is linear within its bucket, as PromQL', () => {
    // 100 requests between 25 and 50 ms: the 95th is at 25 + 0.95 * 25.
    expect(histogramQuantile(counted(100, { latency: [0, 0, 100, 100, 100, 100, 100, 100] }), 0.95)).toBeCloseTo(
      0.04875,
    );
  });

  it('is the last edge where the histogram ends', () => {
    expect(histogramQuantile(counted(10, { latency: [0, 0, 0, 0, 0, 0, 0, 10] }), 0.95)).toBe(1);
  });
});
