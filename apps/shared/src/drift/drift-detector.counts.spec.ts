import { createRandom } from '../statistics/random.ts';
import { DriftDetector, START_EVERY_MS } from './drift-detector.ts';
import type { WatchedStatistic } from './watched-statistic.ts';

const watched = ['a', 'b'].map((name): WatchedStatistic => ({
  name,
  bins: ['0', '1', '2'],
  reference: [200, 300, 500],
  binOf: () => undefined,
}));

it('knows the same of pictures whether it sees each or is told how many', () => {
  let now = 0;
  const one = new DriftDetector(watched, () => now);
  const other = new DriftDetector(watched, () => now);
  const random = createRandom(7);
  for (let hour = 0; hour < 30; hour++) {
    const counts = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    for (let picture = 0; picture < 20; picture++) {
      const bins = [random.below(3), hour > 20 ? 0 : random.below(3)];
      one.observe(bins);
      for (const [statistic, bin] of bins.entries()) counts[statistic]![bin]! += 1;
    }
    other.add(counts);
    expect(other.evidence()).toEqual(one.evidence());
    now += START_EVERY_MS / 2;
  }
  expect(one.evidence().byStatistic.get('b')).toBeGreaterThan(10);
});

it('leaves out counts of statistics and bins that it does not watch', () => {
  const detector = new DriftDetector(watched, () => 0);
  const before = detector.evidence();
  detector.add([[0, 0, 0, 9], [], [9, 9, 9]]);
  expect(detector.evidence()).toEqual(before);
});
