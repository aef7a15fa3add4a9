import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { createRandom } from '@pawl/shared/statistics/random';
import { catdogReference } from '../../../test/support/metric-history.ts';
import { periodBefore, timeOf } from '../prometheus/period.ts';
import { analyseDrift } from './analyse-drift.ts';
import { binPictures, emptyBins, type BinnedPictures } from './binned-pictures.ts';

const statistics = watchedStatistics(catdogReference);
const watched = { model: 'catdog', version: '1.4.0', digest: `sha256:${'0'.repeat(64)}`, statistics };
const HOUR = 3600;
/** 144 steps of five minutes. */
const period = {
  ...periodBefore(new Date('2026-11-30T12:00:00Z'), 24 * HOUR),
  steps: 144,
  start: Date.parse('2026-11-30T00:00:00Z') / 1000,
};
const nameOf = (index: number) => statistics[index]?.name ?? '';

/** Pictures in a step, whose bin of some statistics is the lowest half while it is between two steps. */
function pictures(
  perStep: number,
  strange: Readonly<Record<string, readonly [from: number, to: number]>>,
): BinnedPictures {
  const random = createRandom(11);
  const counts = emptyBins(statistics, period);
  for (const [step, row] of counts.entries())
    for (const [index, bins] of row.entries())
      for (let i = 0; i < perStep; i++) {
        const [from, to] = strange[nameOf(index)] ?? [Infinity, 0];
        const bin = random.below(step >= from && step < to ? Math.ceil(bins.length / 2) : bins.length);
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
  return { period, counts, warnings: [] };
}

const at = (step: number) => timeOf(period, step).toISOString();

it('finds nothing where there is nothing', () => {
  const report = analyseDrift(watched, pictures(20, {}));
  expect(report).toMatchObject({ alarm: false, first_alarm: null, moved: [], meaning: [], pictures: 144 * 20 });
  expect(report.statistics.every(({ changed_at, direction }) => changed_at === null && direction === null)).toBe(true);
  expect(report.statistics[0]?.shown_pictures).toBe(144 * 20);
});

it('says what moved, first things first, since when and which way', () => {
  const report = analyseDrift(watched, pictures(20, { sharpness: [72, 144], bytes_per_pixel: [60, 144] }));
  expect(report.moved).toEqual(['bytes_per_pixel', 'sharpness']);
  expect(report.alarm).toBe(true);
  const [first, second] = report.moved.map((name) => report.statistics.find((one) => one.name === name));
  // A step more or less looks the same, by chance.
  const near = (step: number) => [at(step - 2), at(step - 1), at(step)];
  expect(near(60)).toContain(first?.changed_at);
  expect(near(72)).toContain(second?.changed_at);
  expect([first?.ended_at, second?.ended_at]).toEqual([null, null]);
  expect([first?.direction, second?.direction]).toEqual(['down', 'down']);
  expect(first?.distance).toBeGreaterThan(0.45);
  expect(first!.first_moved! > at(59) && first!.first_moved! < at(72)).toBe(true);
  expect(report.first_alarm! >= first!.first_moved!).toBe(true);
  expect(report.meaning).toMatchObject([{ statistics: ['bytes_per_pixel', 'sharpness'] }]);
});

it('shows what it was like while it lasted, once it is over', () => {
  const report = analyseDrift(watched, pictures(40, { brightness: [12, 60] }));
  const brightness = report.statistics.find(({ name }) => name === 'brightness');
  expect(report.moved).toEqual(['brightness']);
  expect(brightness?.highest_evidence).toBeGreaterThan(100);
  expect([at(58), at(59), at(60)]).toContain(brightness?.ended_at);
  expect(brightness?.shown_until).toBe(brightness?.ended_at);
  // The detector remembers a day.
  expect(report.alarm).toBe(true);
  expect(brightness?.distance).toBeGreaterThan(0.45);
});

it('says nothing of a period without pictures', () => {
  const report = analyseDrift(watched, { period, counts: emptyBins(statistics, period), warnings: ['none'] });
  expect(report).toMatchObject({ pictures: 0, alarm: false, moved: [], warnings: ['none'] });
  expect(
    report.statistics.every(({ distance, bins }) => distance === null && bins.every(({ share }) => share === null)),
  ).toBe(true);
  expect(JSON.stringify(report)).not.toContain('NaN');
});

it('knows the edges of bins, and the shares of the reference', () => {
  const { statistics: reports } = analyseDrift(watched, pictures(1, {}));
  const bins = reports.find(({ name }) => name === 'brightness')?.bins;
  expect(bins?.[0]).toMatchObject({ bin: '0', from: null, to: 70, reference_share: 0.1 });
  expect(bins?.[9]).toMatchObject({ bin: '9', from: 160, to: null });
  expect(reports.find(({ name }) => name === 'label')?.bins).toMatchObject([
    { bin: 'cat', from: null, to: null, reference_share: 0.5 },
    { bin: 'dog' },
  ]);
});

it('counts the pictures of a log by step, but for those of other bundles and times', async () => {
  const observation = { numbers: { brightness: 75, sharpness: NaN }, label: 'dog' };
  const of = (seconds: number, digest = watched.digest) => ({
    at: (period.start + seconds) * 1000,
    digest,
    observation,
  });
  const { counts, warnings } = await binPictures(
    [of(0), of(1), of(300), of(301), of(5, 'sha256:other'), of(-1), of(13 * HOUR)],
    watched,
    period,
  );
  const brightness = statistics.findIndex(({ name }) => name === 'brightness');
  expect([counts[0]?.[brightness]?.[1], counts[1]?.[brightness]?.[1]]).toEqual([2, 1]);
  expect(counts.flat(2).reduce((sum, count) => sum + count, 0)).toBe(2 * 3);
  expect(warnings).toEqual(['1 picture that other bundles answered: left out.']);
});
