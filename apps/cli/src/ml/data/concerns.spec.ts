import { paramsSchema } from '../params/params.ts';
import { concernsOf, leaksOf } from './concerns.ts';
import { splits, type DatasetItem, type Split } from './dataset.ts';
import type { Decoded } from './examine.ts';

const { gate, preprocess } = paramsSchema.parse({ gate: { recall: 0.85 } });
/** So many pictures of each label, split 0.8 / 0.1 / 0.1. */
const items = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([label, count]) =>
    Array.from({ length: count }, (_, i) => ({ label, split: splits[i % 10 < 8 ? 0 : (i % 10) - 7] ?? 'train' })),
  );

describe('what is to be expected of a data set', () => {
  it('is nothing of 750 photographs of each label', () => {
    expect(concernsOf(items({ cat: 750, dog: 750 }), gate, preprocess)).toEqual([]);
  });

  it('is no passed gate of 30 of each', () => {
    expect(concernsOf(items({ cat: 30, dog: 30 }), gate, preprocess)).toEqual([
      'The gate cannot be passed: the test split has 3 of cat and 3 of dog, and a recall of 0.85 (gate.recall) takes 23 test pictures of each label, all of them answered rightly, or 230 photographs of each label.',
    ]);
  });

  it('is an answer that is more often the common label, where labels are unequal', () => {
    const found = concernsOf(items({ cat: 1900, dog: 300 }), gate, preprocess);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^The labels are unequal: 1900 of cat, 300 of dog\..*train\.class_weights: balanced/);
    expect(concernsOf(items({ cat: 800, dog: 300 }), gate, preprocess)).toEqual([]);
  });

  it('is both where a label is rare', () => {
    expect(concernsOf(items({ cat: 1900, dog: 10 }), gate, preprocess)).toHaveLength(2);
  });

  it('is no matter of numbers where the gate judges by figures alone', () => {
    for (const changed of [{ confidence: 0 }, { recall: 0 }])
      expect(concernsOf(items({ cat: 30, dog: 30 }), { ...gate, ...changed }, preprocess)).toEqual([]);
  });

  it('is not told by how many photographs a test split grows that is kept as it is', () => {
    const [drawn] = concernsOf(items({ cat: 30, dog: 30 }), gate, preprocess);
    const [kept] = concernsOf(items({ cat: 30, dog: 30 }), gate, preprocess, ['train', 'test']);
    expect(drawn).toMatch(/rightly, or 230 photographs of each label\.$/);
    expect(kept).toMatch(/rightly\.$/);
  });
});

describe('what the splits of a raw folder share', () => {
  const photograph = (path: string, split: Split) =>
    ({ label: 'cat', split, source: { path }, picture: path, print: {} }) as unknown as Decoded;
  const itemOf = ({ label, split, source }: Decoded): DatasetItem => ({
    path: '',
    split: split ?? 'train',
    label,
    digest: '',
    source,
  });
  const kept = [
    photograph('train/a\u001b[31m.jpg', 'train'),
    photograph('train/b.jpg', 'train'),
    photograph('test/c.jpg', 'test'),
  ];

  it('is told of near-duplicates of different splits, without control characters of their names', () => {
    const found = leaksOf({ kept, duplicates: [] }, [[0, 1, 2]], kept.map(itemOf));
    expect(found).toEqual([
      expect.stringMatching(/^1 group of .* such as train\/a.jpg and test\/c.jpg: what was trained on/) as string,
    ]);
    expect(leaksOf({ kept, duplicates: [] }, [[0, 1]], kept.map(itemOf))).toEqual([]);
    expect(leaksOf({ kept, duplicates: [] }, [[0, 1, 2]], [])).toEqual([]);
  });

  it('is told of the same picture in different splits, and not in one', () => {
    const [a, b, c] = kept as [Decoded, Decoded, Decoded];
    expect(leaksOf({ kept, duplicates: [{ kept: c, left: [a] }] }, [], kept.map(itemOf))).toEqual([
      expect.stringMatching(/^1 picture lies in more than one split; each is kept once/) as string,
    ]);
    expect(leaksOf({ kept, duplicates: [{ kept: a, left: [b] }] }, [], kept.map(itemOf))).toEqual([]);
  });
});
