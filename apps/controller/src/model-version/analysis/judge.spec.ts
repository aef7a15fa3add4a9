import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { comparing, counted, NOW, reading } from '../test/builders.ts';
import { advance, type Comparison } from './comparison.ts';
import type { ProcessCounters } from './counters.ts';
import { judge } from './judge.ts';
import { histogramQuantile } from './tally.ts';

/** Evidence is enough although it may be of one burst. */
const limits = rolloutPolicySchema.parse({ analysis: { burstSeconds: 0 } }).analysis;
const withBursts = rolloutPolicySchema.parse({}).analysis;

/** The judgement of two processes after a minute. */
const judged = (canary: ProcessCounters, stable: ProcessCounters, about: Partial<Comparison> = {}) =>
  judge(advance(comparing(1, 60, about), reading(canary, stable), NOW), limits);
const verdicts = (canary: ProcessCounters, stable: ProcessCounters, about: Partial<Comparison> = {}) =>
  Object.fromEntries(judged(canary, stable, about).checks.map(({ name, verdict }) => [name, verdict]));
const labels = (cat: number, dog: number) => ({ labels: { cat, dog } });
/** All of `requests` took between 250 and 500 ms. */
const slow = (requests: number) => ({ latency: [0, 0, 0, 0, 0, requests, requests, requests] });
/** `some` of `requests` took longer than a second, the others less than 100 ms. */
const beyond = (requests: number, some: number) => ({
  latency: [0, 0, 0, ...Array<number>(4).fill(requests - some), requests],
});

describe('a canary that answers like the stable pods', () => {
  it('passes', () => {
    expect(judged(counted(100), counted(300)).verdict).toBe('Pass');
  });
});

describe('too little data', () => {
  it.each<[string, ProcessCounters, ProcessCounters]>([
    ['no request at all', counted(0, { labels: {} }), counted(0, { labels: {} })],
    ['no request to the canary', counted(0, { labels: {} }), counted(1000)],
    ['one less than enough', counted(49), counted(300)],
    ['too few to the stable pods', counted(300), counted(49)],
  ])('is inconclusive, never a pass: %s', (_, canary, stable) => {
    expect(judged(canary, stable).verdict).toBe('Inconclusive');
  });

  it('says how many requests are missing', () => {
    expect(judged(counted(12), counted(300)).checks[0]?.message).toBe(
      'the canary answered 12 and the stable pods 300 requests in this step; each needs 50',
    );
  });
});

describe('errors', () => {
  it.each<[string, ProcessCounters, ProcessCounters, string]>([
    ['every one of eight requests fails', counted(8, { errors: 8 }), counted(300), 'Fail'],
    ['one of ten fails, which may be chance', counted(10, { errors: 1 }), counted(300), 'Inconclusive'],
    ['a tenth of many fails', counted(200, { errors: 20 }), counted(300), 'Fail'],
    ['as many fail as of the stable pods', counted(200, { errors: 20 }), counted(200, { errors: 20 }), 'Pass'],
    ['a little more than allowed, which may be chance', counted(100, { errors: 2 }), counted(300), 'Inconclusive'],
  ])('%s', (_, canary, stable, verdict) => {
    expect(verdicts(canary, stable)).toMatchObject({ ErrorRate: verdict });
  });

  it('fail a version at once, whatever a burst is', () => {
    const progress = advance(comparing(1, 2), reading(counted(20, { errors: 20 }), counted(300)), NOW);
    expect(judge(progress, withBursts).verdict).toBe('Fail');
  });

  it('need more evidence in every comparison that follows: all have one budget', () => {
    const needed = (number: number) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].find(
        (errors) => verdicts(counted(errors, { errors }), counted(300), { number })['ErrorRate'] === 'Fail',
      );
    expect([1, 3, 100].map(needed)).toEqual([3, 3, 5]);
  });

  it('say how often that is wrong', () => {
    expect(judged(counted(200, { errors: 40 }), counted(300)).checks[0]?.message).toBe(
      '40 of 200 requests to the canary failed, 0 of 300 to the stable pods; a version at its limits fails wrongly in at most 1 of 1,000 rollouts',
    );
  });
});

describe('latency', () => {
  it.each<[string, ProcessCounters, ProcessCounters, string]>([
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

  it('fails a canary beyond the end of the histogram, although the stable pods were as slow before', () => {
    expect(verdicts(counted(100, beyond(100, 45)), counted(300), { edge: 7 })['Latency']).toBe('Fail');
  });

  it('does not fail a canary that is slow while the stable pods are slow too, for whatever reason', () => {
    expect(verdicts(counted(100, slow(100)), counted(300, slow(280)), { edge: 3 })['Latency']).not.toBe('Fail');
  });
});

describe('the mix of predictions', () => {
  it.each<[string, ProcessCounters, ProcessCounters, string]>([
    ['the same mix', counted(100, labels(50, 50)), counted(300, labels(150, 150)), 'Pass'],
    ['a mix within the limit', counted(200, labels(110, 90)), counted(300, labels(150, 150)), 'Pass'],
    ['another mix', counted(200, labels(180, 20)), counted(600, labels(300, 300)), 'Fail'],
    ['another mix after few requests, which may be chance', counted(10, labels(8, 2)), counted(300), 'Inconclusive'],
    ['a label that only the canary knows', counted(100, { labels: { fox: 100 } }), counted(300), 'Fail'],
  ])('%s', (_, canary, stable, verdict) => {
    expect(verdicts(canary, stable)).toMatchObject({ Predictions: verdict });
  });

  it('is told in words', () => {
    expect(judged(counted(100, labels(60, 40)), counted(300)).checks[2]?.message).toBe(
      'the canary answers "cat" to 60 % of 100 images, the stable pods to 50 % of 300',
    );
  });
});

describe('a burst', () => {
  /** Twenty pictures a second of equal mix go to both tracks for ten minutes, and `extra` more to the canary. */
  function after(extra: (second: number) => number) {
    let comparison = comparing(1, 600, { labels: ['cat', 'dog'], marks: [] });
    comparison = {
      ...comparison,
      marks: comparing(1, 600).marks.map((mark) => ({ ...mark, canary: nothing, stable: nothing })),
    };
    const told: (string | undefined)[] = [];
    let [cats, dogs] = [0, 0];
    for (let second = 15; second <= 600; second += 15) {
      cats += 30 + extra(second);
      dogs += 30;
      const now = NOW - (600 - second) * 1000;
      const progress = advance(
        comparison,
        reading(counted(cats + dogs, { ...labels(cats, dogs), startedAt: NOW / 1000 - 599 }), {
          ...counted(second * 10, labels(second * 5, second * 5)),
          startedAt: NOW / 1000 - 599,
        }),
        now,
      );
      comparison = progress.comparison;
      const { verdict, checks } = judge(progress, withBursts);
      told.push(verdict === 'Fail' ? 'Fail' : checks[2]?.verdict);
      if (second === 300) said = checks[2]?.message ?? '';
    }
    return told;
  }
  const nothing = { requests: 0, errors: 0, latency: Array<number>(8).fill(0), labels: [0, 0, 0] };
  let said = '';

  it('of one-sided pictures does not fail a version, but holds its step and says why', () => {
    const told = after((second) => (second === 300 ? 1800 : 0));
    expect(told).not.toContain('Fail');
    expect(told[19]).toBe('Inconclusive');
    expect(said).toBe(
      'the canary answers "cat" to 80 % of 3000 images, the stable pods to 50 % of 3000; that came within 60 s, and only what lasts longer fails a version',
    );
  });

  it('is passed over when it has been over for as long', () => {
    const told = after((second) => (second === 300 ? 1800 : 0));
    expect(told.slice(19, 23)).toEqual(Array(4).fill('Inconclusive'));
    expect(told.at(-1)).toBe('Pass');
  });

  it('of which chance may be the cause is passed over likewise: it does not hold a step for good', () => {
    const quiet = { latency: Array<number>(8).fill(0), labels: [0, 0, 0], requests: 0, errors: 0 };
    // In the first 15 s 6 of 10 requests took longer than a second; of the 90 since, none.
    const stalled = { ...quiet, requests: 10, labels: [5, 5, 0], latency: [0, 0, 0, 4, 0, 0, 0, 6] };
    const marks = (secondsAgo: number) => [
      { at: NOW - secondsAgo * 1000, stable: quiet, canary: quiet },
      { at: NOW - (secondsAgo - 15) * 1000, stable: quiet, canary: stalled },
      { at: NOW - (secondsAgo - 90) * 1000, stable: quiet, canary: stalled },
    ];
    const after = (seconds: number) => {
      const comparison = comparing(1, seconds, { labels: ['cat', 'dog'], marks: marks(seconds) });
      const started = { startedAt: NOW / 1000 - seconds + 1 };
      const progress = advance(
        comparison,
        reading(
          counted(90, { ...labels(45, 45), latency: [0, 0, 90, 90, 90, 90, 90, 90], ...started }),
          counted(300, { ...labels(150, 150), ...started }),
        ),
        NOW,
      );
      return judge(progress, withBursts).checks.find(({ name }) => name === 'Latency');
    };
    expect(after(120)).toMatchObject({
      verdict: 'Inconclusive',
      message: expect.stringMatching(/which may be chance$/),
    });
    expect(after(600)).toMatchObject({ verdict: 'Pass', message: expect.stringContaining('without a burst') });
  });

  it('that does not end fails the version', () => {
    expect(after((second) => (second >= 300 ? 200 : 0))).toContain('Fail');
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
