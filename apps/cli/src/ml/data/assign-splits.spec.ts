import { assignSplits, keepSplits, splitCounts, type Splittable } from './assign-splits.ts';
import type { Split } from './dataset.ts';

const ratios = { train: 0.8, val: 0.1, test: 0.1 };

const pictures = (label: string, number: number): Splittable[] =>
  Array.from({ length: number }, (_, i) => ({ digest: `sha256:${label}-${i}`, label }));

const countOf = (assigned: readonly Split[], of: readonly Splittable[], label: string) => {
  const counts = { train: 0, val: 0, test: 0 };
  for (const [index, split] of assigned.entries()) if (of[index]!.label === label) counts[split] += 1;
  return counts;
};

describe('splitCounts', () => {
  it.each([
    [100, ratios, [80, 10, 10]],
    [1500, ratios, [1200, 150, 150]],
    // 0.1 * 30 is a little above 3 in binary.
    [30, ratios, [24, 3, 3]],
    [155, ratios, [124, 16, 15]],
    [5, ratios, [4, 1, 0]],
    [1, ratios, [1, 0, 0]],
    [0, ratios, [0, 0, 0]],
    [10, { train: 1 / 3, val: 1 / 3, test: 1 / 3 }, [4, 3, 3]],
    [7, { train: 0.5, val: 0.5, test: 0 }, [4, 3, 0]],
  ])('%i pictures', (total, shares, [train, val, test]) => {
    expect(splitCounts(total, shares)).toEqual({ train, val, test });
  });

  it('sums to the total, each within one of its exact share', () => {
    const shares = { train: 0.7, val: 0.17, test: 0.13 };
    for (let total = 0; total < 500; total++) {
      const counts = splitCounts(total, shares);
      expect(counts.train + counts.val + counts.test).toBe(total);
      for (const split of ['train', 'val', 'test'] as const)
        expect(Math.abs(counts[split] - total * shares[split])).toBeLessThan(1);
    }
  });
});

describe('assignSplits', () => {
  const all = [...pictures('cat', 150), ...pictures('dog', 70)];
  const assigned = assignSplits(all, [], ratios, 42);

  it('gives each label its exact share', () => {
    expect(countOf(assigned, all, 'cat')).toEqual({ train: 120, val: 15, test: 15 });
    expect(countOf(assigned, all, 'dog')).toEqual({ train: 56, val: 7, test: 7 });
  });

  it('gives the same split for the same seed, whatever the order', () => {
    expect(assignSplits(all, [], ratios, 42)).toEqual(assigned);
    const reversed = assignSplits([...all].reverse(), [], ratios, 42);
    expect([...reversed].reverse()).toEqual(assigned);
  });

  it('gives another split for another seed', () => {
    expect(assignSplits(all, [], ratios, 43)).not.toEqual(assigned);
  });

  it('moves few pictures when some are added', () => {
    const more = [...all, ...pictures('cat', 160).slice(150)];
    const moved = assignSplits(more, [], ratios, 42)
      .slice(0, all.length)
      .filter((split, i) => split !== assigned[i]);
    expect(moved.length).toBeLessThan(12);
  });

  it('keeps groups together, also across labels, and the ratios exact', () => {
    // Cats 0-9, five pairs of cats, three mixed groups.
    const groups = [
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      ...Array.from({ length: 5 }, (_, i) => [20 + 2 * i, 21 + 2 * i]),
      ...Array.from({ length: 3 }, (_, i) => [50 + i, 150 + i, 160 + i]),
    ];
    for (let seed = 0; seed < 50; seed++) {
      const grouped = assignSplits(all, groups, ratios, seed);
      for (const group of groups) expect(new Set(group.map((index) => grouped[index])).size).toBe(1);
      expect(countOf(grouped, all, 'cat')).toEqual({ train: 120, val: 15, test: 15 });
      expect(countOf(grouped, all, 'dog')).toEqual({ train: 56, val: 7, test: 7 });
    }
  });

  it('sends pairs to every split in time', () => {
    const pairs = Array.from({ length: 50 }, (_, i) => [2 * i, 2 * i + 1]);
    const grouped = assignSplits(all, pairs, ratios, 42);
    expect(new Set(pairs.map(([first]) => grouped[first!]))).toEqual(new Set(['train', 'val', 'test']));
  });

  it('bears a group larger than any split, and leaves nothing over', () => {
    const few = [...pictures('cat', 10), ...pictures('dog', 10)];
    const group = few.flatMap((_, index) => (index < 9 ? [index] : []));
    const grouped = assignSplits(few, [group], ratios, 42);
    expect(grouped).toHaveLength(20);
    expect(new Set(group.map((index) => grouped[index])).size).toBe(1);
    expect(countOf(grouped, few, 'dog')).toEqual({ train: 8, val: 1, test: 1 });
  });

  it('leaves a split of ratio 0 empty', () => {
    const shares = { train: 0.9, val: 0.1, test: 0 };
    expect(
      assignSplits(
        all,
        [
          [0, 1],
          [2, 3, 4],
        ],
        shares,
        1,
      ),
    ).not.toContain('test');
  });
});

describe('keepSplits', () => {
  const put = (of: readonly Splittable[], split: Split) => of.map((picture) => ({ ...picture, split }));
  const given = [
    ...put(pictures('cat', 90), 'train'),
    ...put(pictures('dog', 45), 'train'),
    ...put(pictures('cat', 7), 'test'),
    ...put(pictures('dog', 3), 'test'),
  ];

  it('keeps all where none is to be drawn', () => {
    expect(keepSplits(given, [[0, 136]], [], ratios, 42)).toEqual(given.map(({ split }) => split));
  });

  it('draws val from train alone, in its proportion to train, groups together', () => {
    // The last one lies in test too, which stays as it is.
    const groups = [
      [0, 1, 2],
      [3, 139],
      [4, 5, 136],
    ];
    for (let seed = 0; seed < 20; seed++) {
      const kept = keepSplits(given, groups, ['val'], ratios, seed);
      expect(countOf(kept, given, 'cat')).toEqual({ train: 80, val: 10, test: 7 });
      expect(countOf(kept, given, 'dog')).toEqual({ train: 40, val: 5, test: 3 });
      expect(new Set(kept.slice(135))).toEqual(new Set(['test']));
      expect(new Set(kept.slice(0, 3)).size).toBe(1);
      expect(kept[4]).toBe(kept[5]);
    }
  });
});
