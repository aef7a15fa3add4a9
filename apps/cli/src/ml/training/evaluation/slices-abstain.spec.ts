import type { DatasetItem, SourceFacts } from '../../data/dataset.ts';
import { createRandom } from '@pawl/shared/statistics/random';
import { shareInterval } from '@pawl/shared/statistics/share-interval';
import { chooseAbstaining, chooseAbstainThreshold, familiarityScores, measureAbstaining } from './abstain.ts';
import { toProbabilities } from './probabilities.ts';
import { sliceTable } from './slices.ts';

function anItem(source: Partial<SourceFacts> | undefined, label = 'cat'): DatasetItem {
  const facts: SourceFacts = {
    path: `${label}/1.jpg`,
    digest: 'sha256:00',
    format: 'jpeg',
    width: 500,
    height: 375,
    bytes: 1,
    brightness: 100,
    ...source,
  };
  return { path: `test/${label}/1.png`, split: 'test', label, digest: '', source: source && facts };
}

describe('slices', () => {
  it('group by size, and put the worst first', () => {
    const sides = [100, 127, 128, 255, 256, 511, 512, 1023, 1024, 4000];
    const items = sides.map((side) => anItem({ width: side * 2, height: side }));
    const right = sides.map((side) => side > 127 && side !== 255);
    expect(sliceTable(items, right).map(({ by, value, count, accuracy }) => [by, value, count, accuracy])).toEqual([
      ['size', 'below 128 px', 2, 0],
      ['size', '128-255 px', 2, 0.5],
      ['size', '1024 px or more', 2, 1],
      ['size', '256-511 px', 2, 1],
      ['size', '512-1023 px', 2, 1],
    ]);
  });

  it('group by brightness in quarters of these pictures', () => {
    const items = Array.from({ length: 40 }, (_, i) => anItem({ brightness: i * 3 }));
    const slices = sliceTable(
      items,
      items.map((_, i) => i >= 10),
    );
    expect(slices.map(({ value, count, accuracy }) => [value, count, accuracy])).toEqual([
      ['darkest quarter', 10, 0],
      ['brighter quarter', 10, 1],
      ['brightest quarter', 10, 1],
      ['darker quarter', 10, 1],
    ]);
  });

  it('group by aspect, format and the folder below the label', () => {
    const items = [
      anItem({ path: 'cat/siamese/a.jpg', width: 300, height: 400 }),
      anItem({ path: 'cat/siamese/deep/b.png', width: 400, height: 390, format: 'png' }),
      anItem({ path: 'dog/pug/c.jpg', width: 400, height: 300 }, 'dog'),
      anItem({ path: 'dog/d.jpg', width: 400, height: 300 }, 'dog'),
    ];
    const values = (by: string) =>
      Object.fromEntries(
        sliceTable(items, [true, false, true, true])
          .filter((slice) => slice.by === by)
          .map(({ value, count }) => [value, count]),
      );
    expect(values('aspect')).toEqual({ portrait: 1, square: 1, landscape: 2 });
    expect(values('format')).toEqual({ jpeg: 3, png: 1 });
    expect(values('folder')).toEqual({ siamese: 2, pug: 1 });
  });

  it('are none when pictures have nothing to tell apart, or no facts', () => {
    expect(sliceTable([anItem({}), anItem({})], [true, false])).toEqual([]);
    expect(sliceTable([anItem(undefined), anItem(undefined)], [true, false])).toEqual([]);
    expect(sliceTable([], [])).toEqual([]);
  });

  it('have the exact interval of their accuracy', () => {
    const formats = ['jpeg', 'png', 'png', 'png', 'png'];
    const [worst] = sliceTable(
      formats.map((format) => anItem({ format })),
      [true, true, true, true, true],
    ).filter(({ value }) => value === 'png');
    expect(worst?.interval.lower).toBeCloseTo(0.3976353643835253, 12);
    expect(worst?.interval.upper).toBe(1);
  });
});

describe('the abstain threshold', () => {
  const scores = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) / 100);
  const shareBelow = (threshold: number | undefined) =>
    scores.filter((score) => score < (threshold ?? NaN)).length / 100;

  it.each([
    [0.01, 0.0],
    [0.05, 0.04],
    [0.29, 0.28],
    [0.5, 0.49],
  ])('for a share of %d of new photographs abstains from %d of those it was chosen on', (rate, share) => {
    const chosen = chooseAbstainThreshold(scores, rate);
    expect(shareBelow(chosen?.threshold)).toBeCloseTo(share, 12);
    expect(chosen?.expected).toBeLessThanOrEqual(rate);
    expect(chosen?.expected).toBeGreaterThan(rate - 1 / 101);
  });

  it('keeps its promise on new photographs, over many choices', () => {
    const random = createRandom(1);
    const draw = (count: number) => Float64Array.from({ length: count }, () => random.next());
    let below = 0;
    for (let choice = 0; choice < 4000; choice++) {
      const chosen = chooseAbstainThreshold(draw(50), 0.1);
      below += draw(50).filter((score) => score < (chosen?.threshold ?? NaN)).length;
    }
    // 5 / 51; its standard error is 0.0007. The 5th part of 50, as it is, would give 6 / 51 = 0.118.
    expect(below / 200_000).toBeGreaterThan(0.095);
    expect(below / 200_000).toBeLessThan(0.1);
  });

  it('never abstains from more, not when scores are equal either', () => {
    expect(chooseAbstainThreshold([0.4, 0.4, 0.4, 0.4, 0.9], 0.5)?.threshold).toBe(0.4);
    expect(chooseAbstainThreshold([0.5, 0.6, 0.7], 0.25)).toEqual({ threshold: 0.5, expected: 0.25 });
  });

  it('is none at rate 0, and where there are too few scores for the rate', () => {
    expect(chooseAbstainThreshold(scores, 0)).toBeUndefined();
    expect(chooseAbstainThreshold([], 0.1)).toBeUndefined();
    expect(chooseAbstainThreshold([0.5, 0.6, 0.7], 0.2)).toBeUndefined();
    expect(chooseAbstainThreshold(scores.slice(0, 18), 0.05)).toBeUndefined();
    expect(chooseAbstainThreshold(scores.slice(0, 19), 0.05)?.expected).toBe(0.05);
  });

  it('is reported with what it costs and what it catches', () => {
    const spec = { score: 'max-probability' as const, threshold: 0.7 };
    const report = measureAbstaining(spec, [0.5, 0.7, 0.9, 0.99], [false, true, true, false], [0.55, 0.6, 0.95]);
    expect(report).toEqual({
      spec,
      share: 0.25,
      interval: shareInterval(1, 4),
      accuracy: 0.5,
      accuracyOfAnswered: 2 / 3,
      neither: { count: 3, caught: 2 / 3, interval: shareInterval(2, 3) },
    });
    expect(measureAbstaining(spec, [0.9], [true])).not.toHaveProperty('neither');
    expect(measureAbstaining(spec, [0.1], [true]).accuracyOfAnswered).toBeNaN();
  });
});

describe('the abstain score', () => {
  const rowsOf = (logits: number[], outputs: number) => ({
    logits,
    probabilities: toProbabilities(logits, outputs === 1 ? 'binary' : 'multi-class', outputs),
    rows: logits.length / outputs,
  });

  it('of one logit is the larger probability, equally for both labels', () => {
    const scores = familiarityScores('max-probability', rowsOf([-2, 2, 0], 1));
    expect(scores[0]).toBeCloseTo(0.8807970779778823, 12);
    expect(scores[1]).toBeCloseTo(scores[0]!, 12);
    expect(scores[2]).toBe(0.5);
    expect(chooseAbstaining('binary', rowsOf([-2, 2, 3, -3], 1), 0.25, { neither: rowsOf([0], 1) })?.spec.score).toBe(
      'max-probability',
    );
  });

  it('of more is the one that catches more of neither', () => {
    // Sure by the difference of its logits, and yet all of them are small: energy sees that, the probability does not.
    const val = rowsOf([9, 1, 1, 1, 8, 1, 1, 1, 9, 9, 8.9, 1], 3);
    const neither = rowsOf([2, -9, -9, -9, 2, -9], 3);
    expect(chooseAbstaining('multi-class', val, 0.2, { neither })?.spec.score).toBe('energy');
    expect(chooseAbstaining('multi-class', val, 0.2)?.spec.score).toBe('max-probability');
    expect(chooseAbstaining('multi-class', val, 0, { neither })).toBeUndefined();
  });

  it('of a graph that knows itself is what that says, whatever else would catch', () => {
    const val = { ...rowsOf([-2, 2, 3, -3], 1), known: [5, -1, 7, 9] };
    const neither = { ...rowsOf([0, 0], 1), known: [-3, 0] };
    expect(chooseAbstaining('binary', val, 0.25, { neither, output: 'known' })).toEqual({
      spec: { output: 'known', threshold: -1 },
      expected: 0.2,
    });
  });
});
