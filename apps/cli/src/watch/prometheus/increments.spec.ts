import { risesOf, stepsBefore, sumOf } from './increments.ts';
import { periodBefore } from './period.ts';
import type { Series } from './prometheus-client.ts';

/** Four steps of a minute. */
const period = periodBefore(new Date(4_000_060_000), 240);
const atStep = (step: number) => period.start + (step + 1) * period.stepSeconds;

/** @param values at the ends of the steps; the first ones are before the period: -2 and -1. */
function series(labels: Record<string, string>, values: readonly (number | undefined)[]): Series {
  return {
    labels: { __name__: 'catdog_request_total', namespace: 'prod', pod: 'a', ...labels },
    points: values.flatMap((value, index) => (value === undefined ? [] : [[atStep(index - 2), value] as const])),
  };
}

const rises = (...all: readonly Series[]) => risesOf(all, ['status'], period);
const only = (...all: readonly Series[]) => rises(...all).map(({ bySteps }) => bySteps);

it('has four steps, and looks back a quarter of an hour', () => {
  expect([period.steps, period.stepSeconds, stepsBefore(period)]).toEqual([4, 60, 15]);
});

it.each<[string, readonly (number | undefined)[], readonly number[]]>([
  ['counts from what was known before the period', [5, 7, 7, 10, 12, 12], [0, 3, 2, 0]],
  ['counts the first value of a new process in full', [undefined, undefined, undefined, 3, 5, 5], [0, 3, 2, 0]],
  ['counts in full after a restart', [100, 100, 110, 4, 9, 9], [10, 4, 5, 0]],
  ['counts what a process counted before it ended', [100, 101, 105, undefined, undefined, undefined], [4, 0, 0, 0]],
  ['counts over a gap of scrapes', [1, 1, undefined, undefined, 9, 10], [0, 0, 8, 1]],
  ['counts nothing of a process that stands still', [8, 8, 8, 8, 8, 8], [0, 0, 0, 0]],
  ['takes no number that is none', [1, 2, NaN, 5, Infinity, 6], [0, 3, 0, 1]],
])('%s', (_, values, expected) => {
  expect(only(series({}, values))).toEqual([expected]);
});

it('does not take the old value of a counter that has not counted since a restart for a new one', () => {
  const rare = series({ status: '500' }, [40, 40, 40, 40, 1, 1]);
  expect(only(series({ status: '200' }, [100, 100, 110, 4, 9, 9]), rare)).toEqual([
    [10, 4, 5, 0],
    [0, 0, 1, 0],
  ]);
});

it('counts a process once that two jobs scrape, and one whose track changed', () => {
  const [first, second] = [
    [1, 1, 2, 3, undefined, undefined],
    [undefined, undefined, undefined, 3, 4, 6],
  ];
  expect(only(series({ track: 'canary', job: 'a' }, first), series({ track: 'stable', job: 'b' }, second))).toEqual([
    [1, 1, 1, 2],
  ]);
});

it('tells pods, and processes outside of Kubernetes, apart', () => {
  const values = [0, 0, 1, 1, 1, 1];
  const targets = [{ pod: 'a' }, { pod: 'b' }, { pod: '', instance: 'x:1' }, { pod: '', instance: 'x:2' }];
  const found = rises(...targets.map((labels) => series(labels, values)));
  expect(new Set(found.map(({ target }) => target)).size).toBe(4);
  expect(sumOf(found, period)).toEqual([4, 0, 0, 0]);
});

it("prefers the metric's own label where the scraper has one of the same name", () => {
  expect(rises(series({ status: 'of the target', exported_status: '200' }, [0, 1]))[0]?.labels).toEqual({
    status: '200',
  });
});
