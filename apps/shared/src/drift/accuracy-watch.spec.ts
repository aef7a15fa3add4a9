import { createRandom } from '../statistics/random.ts';
import { accuracyChange, AccuracyWatch, START_EVERY_MS } from './accuracy-watch.ts';

/** A watch with its clock, to which feedback comes by the hour. */
function aWatch(expected = 0.95, seed = 1) {
  let now = 0;
  const random = createRandom(seed);
  const watch = new AccuracyWatch(expected, () => now);
  return {
    watch,
    hour: (feedback: number, accuracy: number) => {
      for (let i = 0; i < feedback; i++) watch.observe(random.next() < accuracy);
      now += START_EVERY_MS;
    },
  };
}

describe('the accuracy now', () => {
  it('is anything before the first feedback', () => {
    expect(aWatch().watch.bounds()).toEqual({ lower: 0, upper: 1 });
  });

  it('lies within the bounds, which become narrow', () => {
    const { watch, hour } = aWatch();
    const widths: number[] = [];
    let wrong = 0;
    for (let at = 0; at < 80; at++) {
      hour(200, 0.95);
      const { lower, upper } = watch.bounds();
      widths.push(upper - lower);
      if (lower > 0.95 || upper < 0.95) wrong++;
    }
    expect(wrong).toBe(0);
    expect(widths[0]).toBeGreaterThan(0.1);
    expect(widths.at(-1)).toBeLessThan(0.025);
  });

  it('is seldom out of bounds: in less than one of 1,000 starts', () => {
    // 50 runs of 20 hours, looked at every hour: 1,000 starts.
    let wrong = 0;
    for (let seed = 0; seed < 50; seed++) {
      const { watch, hour } = aWatch(0.9, seed);
      for (let at = 0; at < 20; at++) {
        hour(15, 0.9);
        const { lower, upper } = watch.bounds();
        if (lower > 0.9 || upper < 0.9) wrong++;
      }
    }
    expect(wrong).toBeLessThanOrEqual(1);
  });

  it.each([
    ['a fall', 0.98, 0.85],
    ['a rise', 0.85, 0.98],
  ])('follows %s after a long calm', (_, before, after) => {
    const { watch, hour } = aWatch(before);
    for (let at = 0; at < 300; at++) hour(30, before);
    expect(watch.bounds().upper - watch.bounds().lower).toBeLessThan(0.04);
    for (let at = 0; at < 30; at++) hour(30, after);
    const { lower, upper } = watch.bounds();
    // The hour in which it changed may still be among the counts.
    expect(lower).toBeLessThan(after + 0.01);
    expect(upper).toBeGreaterThan(after - 0.01);
    expect(upper - lower).toBeLessThan(0.15);
  });

  it('looks back as far as there is feedback, however seldom it comes', () => {
    const { watch, hour } = aWatch();
    for (let day = 0; day < 60; day++) {
      hour(10, 0.95);
      for (let at = 1; at < 24; at++) hour(0, 0);
    }
    const { lower, upper } = watch.bounds();
    expect(upper - lower).toBeLessThan(0.12);
  });

  it('keeps a few dozen counts in ten years', () => {
    const { watch, hour } = aWatch();
    for (let at = 0; at < 87_600; at++) hour(1, 0.95);
    expect(watch.size).toBeLessThan(70);
    expect(watch.bounds().upper).toBeGreaterThan(0.94);
  });

  it('takes no start from a clock that stands still', () => {
    const watch = new AccuracyWatch(0.95, () => 5);
    for (let at = 0; at < 10_000; at++) watch.observe(true);
    expect(watch.size).toBe(1);
  });
});

describe('the change of accuracy', () => {
  it('is as uncertain as both of its parts', () => {
    const { lower, upper } = accuracyChange({ lower: 0.8, upper: 0.9 }, { lower: 0.93, upper: 0.97 });
    expect(lower).toBeCloseTo(-0.17, 12);
    expect(upper).toBeCloseTo(-0.03, 12);
  });
});
