import { rejection } from '@pawl/test-kit/bundles';
import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { catdogReference } from '../../../test/support/metric-history.ts';
import { periodBefore } from '../prometheus/period.ts';
import type { PrometheusClient, Series } from '../prometheus/prometheus-client.ts';
import { scopeOf } from '../prometheus/selector.ts';
import { readBins } from './read-bins.ts';

const period = periodBefore(new Date('2026-11-30T12:00:00Z'), 240);
const bundle = { digest: 'sha256:ours', statistics: watchedStatistics(catdogReference) };
const scope = scopeOf('catdog', []);

/** A series whose value at the ends of the steps rises by one. */
const rising = (labels: Record<string, string>, from = 0): Series => ({
  labels,
  points: [-1, 0, 1, 2, 3].map((step) => [period.start + (step + 1) * period.stepSeconds, from + step + 1]),
});
const bin = (pod: string, statistic: string, name: string) =>
  rising({ __name__: 'catdog_drift_bin_total', pod, statistic, bin: name }, 7);
const info = (pod: string, version: string, digest: string) =>
  rising({ __name__: 'catdog_model_info', pod, version, digest });

/** Prometheus, as far as it is asked here: it has these series and the metrics of these models. */
const having = (series: readonly Series[], models: readonly string[] = []) =>
  ({
    range: (query: string) =>
      Promise.resolve(
        series.filter(({ labels }) => query.includes(labels['__name__']?.slice('catdog_'.length) ?? '-')),
      ),
    instant: () =>
      Promise.resolve(
        models.map((model) => ({ labels: { __name__: `${model}_model_info` }, points: [[0, 1]] as const })),
      ),
    warnings: [],
  }) as unknown as PrometheusClient;

const read = (series: readonly Series[], models?: readonly string[]) =>
  readBins(having(series, models), scope, period, bundle);

it('adds the pods of the bundle up, and leaves those of others out with a word on them', async () => {
  const { counts, warnings } = await read([
    info('a', '2', 'sha256:ours'),
    info('b', '2', 'sha256:ours'),
    info('c', '1', 'sha256:theirs'),
    ...['a', 'b', 'c'].map((pod) => bin(pod, 'label', 'dog')),
    // Bins that only the other bundle has are no bins of ours.
    bin('c', 'label', 'hamster'),
  ]);
  const label = bundle.statistics.findIndex(({ name }) => name === 'label');
  expect(counts.map((step) => step[label])).toEqual(Array.from({ length: 4 }, () => [0, 2]));
  expect(warnings).toEqual([expect.stringMatching(/^Pictures that 1 \(sha256:theirs\) answered are left out/)]);
});

it.each<[string, readonly Series[], string, RegExp, readonly string[]]>([
  [
    'another bundle',
    [info('a', '1', 'sha256:theirs'), bin('a', 'label', 'dog')],
    'REFERENCE_DIFFERS',
    /served in this period is 1 \(/,
    [],
  ],
  [
    'a bin that the reference lacks',
    [info('a', '2', 'sha256:ours'), bin('a', 'label', 'fox')],
    'REFERENCE_DIFFERS',
    /bin "fox" of label/,
    [],
  ],
  ['a statistic that it lacks', [bin('a', 'warmth', '3')], 'REFERENCE_DIFFERS', /bin "3" of warmth/, []],
  ['a service without a reference', [info('a', '2', 'sha256:ours')], 'METRICS_NOT_FOUND', /none of drift/, []],
  [
    'another model',
    [],
    'METRICS_NOT_FOUND',
    /no metrics of a model "catdog" in this period\. It has those of birds and fish\./,
    ['fish', 'birds'],
  ],
  ['no model at all', [], 'METRICS_NOT_FOUND', /It has none of any model/, []],
])('says so of %s', async (_, series, code, message, models) => {
  expect(await rejection(read(series, models))).toMatchObject({ code, message: expect.stringMatching(message) });
});

it('says that it could not check which bundle was served', async () => {
  expect((await read([bin('a', 'label', 'dog')])).warnings).toEqual([expect.stringContaining('no model_info')]);
});
