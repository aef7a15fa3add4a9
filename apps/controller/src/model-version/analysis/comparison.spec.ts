import { counted } from '../test/builders.ts';
import { advance, begin, type Comparison, isMarkDue, MAX_MARKS, readComparison, withoutBursts } from './comparison.ts';
import type { ProcessCounters, Reading } from './counters.ts';

const AT = 1_700_000_000_000;
const about = { step: 1, template: 't', at: AT, number: 1, edge: 3 };
/** Counters of a process that started an hour before the comparison, or that many seconds after it. */
const life = (requests: number, startedAfter = -3600, rest: Partial<ProcessCounters> = {}) =>
  counted(requests, { startedAt: AT / 1000 + startedAfter, ...rest });
const read = (canary: Reading['canary'], stable: Reading['stable'] = {}, failure?: string): Reading => ({
  canary,
  stable,
  isComplete: failure === undefined,
  failure,
});
/** What the canary counted after these readings, one each 15 s. */
const after = (first: Reading, ...readings: readonly Reading[]) => {
  let comparison = begin(first, about);
  let counted = 0;
  readings.forEach((reading, i) => {
    const progress = advance(comparison, reading, AT + (i + 1) * 15_000);
    comparison = progress.comparison;
    counted = progress.counted.canary.requests;
  });
  return { comparison, counted };
};

describe('what was counted since a comparison began', () => {
  it.each<[string, readonly Reading[], number]>([
    ['is the sum of all processes', [read({ a: life(100), b: life(10) }), read({ a: life(130), b: life(20) })], 40],
    ['counts a process that started later from its beginning', [read({}), read({ a: life(30, 5) })], 30],
    ['does not count what an older process had counted before it was read', [read({}), read({ a: life(30) })], 0],
    ['counts what such a process counts from then on', [read({}), read({ a: life(30) }), read({ a: life(37) })], 7],
    [
      'counts the new life of a process that restarted, although it counted more than the one before',
      [read({ a: life(100) }), read({ a: life(130) }), read({ a: life(140, 20) })],
      170,
    ],
    ['keeps what a pod counted that is gone', [read({ a: life(100) }), read({ a: life(150) }), read({}), read({})], 50],
    [
      'catches up with a pod that did not answer once',
      [read({ a: life(100) }), read({}, {}, 'reset'), read({ a: life(150) })],
      50,
    ],
    [
      'takes counters that fell for those of a new process where the page does not say when it started',
      [read({ a: life(100, 0, { startedAt: 0 }) }), read({ a: life(5, 0, { startedAt: 0 }) })],
      5,
    ],
  ])('%s', (_, [first, ...rest], expected) => {
    expect(after(first ?? read({}), ...rest).counted).toBe(expected);
  });

  it('does not change when another controller goes on from what was kept', () => {
    const first = begin(read({ a: life(100) }), about);
    const kept = readComparison(JSON.stringify(advance(first, read({ a: life(120) }), AT + 15_000).comparison));
    expect(advance(kept!, read({ a: life(150) }), AT + 20_000).counted.canary.requests).toBe(50);
  });
});

describe('labels', () => {
  const of = (labels: Readonly<Record<string, number>>) => life(100, -3600, { labels });

  it('are told apart in the order of their frequency, the others together', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`label-${i}`, 1000 - i]));
    const { labels, marks } = begin(read({}, { s: of(many) }), about);
    expect(labels).toHaveLength(16);
    expect(labels.slice(0, 2)).toEqual(['label-0', 'label-1']);
    expect(marks[0]?.canary.labels).toHaveLength(17);
  });

  it('that are answered for the first time take a place that is free', () => {
    const first = begin(read({ a: of({ cat: 10 }) }), about);
    const { comparison, counted } = advance(first, read({ a: of({ cat: 12, dog: 3 }) }), AT + 15_000);
    expect(comparison.labels).toEqual(['cat', 'dog']);
    expect(counted.canary.labels).toEqual([2, 3, 0]);
  });

  it('may have the name of a property of every object', () => {
    const first = begin(read({ a: of({ constructor: 1 }) }), about);
    expect(advance(first, read({ a: of({ constructor: 4 }) }), AT + 15_000).counted.canary.labels).toEqual([3, 0]);
  });
});

describe('what is kept', () => {
  /** An hour of readings of many pods with many labels. */
  function anHour(): Comparison {
    const labels = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`a label of ordinary length ${i}`, 1e6 + i]),
    );
    const pods = (offset: number) =>
      Object.fromEntries(
        Array.from({ length: 64 }, (_, i) => [
          `8f14e45f-ceea-467f-a9d2-0000000000${i}`,
          life(1e7 + offset, -3600, { labels }),
        ]),
      );
    let comparison = begin(read(pods(0), pods(0)), about);
    for (let look = 1; look <= 240; look++)
      comparison = advance(comparison, read(pods(look * 100), pods(look * 100)), AT + look * 15_000).comparison;
    return comparison;
  }

  it('fits into the annotations of an object', () => {
    const comparison = anHour();
    expect(comparison.marks.length).toBeLessThanOrEqual(MAX_MARKS);
    // Kubernetes allows 262,144 bytes for all of them.
    expect(Buffer.byteLength(JSON.stringify(comparison))).toBeLessThan(100_000);
  });

  it('has marks of the whole time, whose last one is of the last reading', () => {
    const { marks } = anHour();
    expect(marks[0]?.at).toBe(AT);
    expect(marks.at(-1)).toMatchObject({ at: AT + 3_600_000, canary: { requests: 64 * 24_000 } });
  });

  it.each([undefined, '', 'no JSON', '{}', '{"step":1,"template":"t","at":1,"stable":{},"canary":{}}', 'null'])(
    'counts as nothing where this controller cannot have written it: %s',
    (text) => {
      expect(readComparison(text)).toBeUndefined();
    },
  );

  it('is written again when a quarter of a burst has passed', () => {
    const first = begin(read({ a: life(100) }), about);
    const due = (seconds: number) => isMarkDue(advance(first, read({ a: life(101) }), AT + seconds * 1000), 60);
    expect([due(14), due(15)]).toEqual([false, true]);
  });
});

describe('a burst that is left out', () => {
  it('takes with it what was counted in its time, wherever it began', () => {
    let comparison = begin(read({ a: life(0) }), about);
    // 10 requests each 15 s, and 500 more in one of them.
    for (let look = 1; look <= 20; look++)
      comparison = advance(
        comparison,
        read({ a: life(look * 10 + (look >= 8 ? 500 : 0)) }),
        AT + look * 15_000,
      ).comparison;
    const progress = advance(comparison, read({ a: life(710) }), AT + 21 * 15_000);
    const rests = withoutBursts(progress, 60_000).map(({ canary }) => canary.requests);
    expect(Math.min(...rests)).toBe(710 - 500 - 50);
    // A window that does not have it takes the ordinary requests of 75 s.
    expect(rests[0]).toBe(710 - 50);
  });
});
