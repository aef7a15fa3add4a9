import { compareManifests, sideOf } from './compare-manifests.ts';
import { aManifest, digestOf } from '../test/builders.ts';
import type { Manifest } from '@pawl/shared/bundle/manifest';

const compare = (a: Manifest, b: Manifest) => {
  const side = (manifest: Manifest, digest: string) => ({
    manifest,
    side: sideOf('oci://r/x:1', { manifest, digest }),
  });
  return compareManifests(side(a, digestOf('1')), side(b, digestOf('2')));
};

const goldenOf = (cat: number, sha = 'c', file = 'golden/cat.jpg') => ({
  golden: { tolerance: 0.05, images: [{ file, label: 'cat', probabilities: { cat, dog: 1 - cat } }] },
  files: [
    { path: file, size: 2000, sha256: digestOf(sha) },
    { path: 'model.onnx', size: 22_000_000, sha256: digestOf('b') },
  ],
});

describe('two manifests side by side', () => {
  it('differ in nothing when they are the same', () => {
    expect(compare(aManifest('1.0.0'), aManifest('1.0.0'))).toMatchObject({
      change: { change: 'patch' },
      labels: { added: [], removed: [], reordered: false },
      contract: [],
      lineage: [],
      golden: { common: 1, added: 0, removed: 0, changed: [] },
    });
  });

  it('names sides with sizes', () => {
    const { before, after } = compare(aManifest('1.0.0'), aManifest('1.1.0', goldenOf(0.9)));
    expect([before.modelBytes, after.modelBytes, before.bytes]).toEqual([11_000_000, 22_000_000, 11_002_000]);
    expect([before.signed, after.version]).toEqual([false, '1.1.0']);
  });

  it('finds labels that came, went and moved', () => {
    const labels = (...names: string[]) => {
      const probabilities = Object.fromEntries(names.map((name, i) => [name, i === 0 ? 1 : 0]));
      const images = [{ file: 'golden/cat.jpg', label: names[0] ?? '', probabilities }];
      const output = { kind: 'softmax-logits' as const, name: 'logits' };
      return aManifest('1.0.0', { labels: names, output, golden: { tolerance: 0.05, images } });
    };
    expect(compare(labels('cat', 'dog', 'owl'), labels('dog', 'cat', 'fox')).labels).toEqual({
      added: ['fox'],
      removed: ['owl'],
      reordered: true,
    });
  });

  it('names each field of input, output and abstaining, and lineage', () => {
    const a = aManifest('1.0.0', { lineage: { run_id: 'a', head: 'linear' } });
    const b = aManifest('2.0.0', {
      input: { ...a.input, width: 227, mean: [1, 2, 3] },
      output: { kind: 'binary-logit', name: 'logit', threshold: 0.4 },
      abstain: { score: 'max-probability', threshold: 0.7 },
      lineage: { run_id: 'b', git_commit: 'c' },
    });
    const { contract, lineage } = compare(a, b);
    expect(contract).toEqual([
      { field: 'input.mean', before: '[0,0,0]', after: '[1,2,3]' },
      { field: 'input.width', before: '224', after: '227' },
      { field: 'output.threshold', before: '0.5', after: '0.4' },
      { field: 'abstain.score', before: undefined, after: 'max-probability' },
      { field: 'abstain.threshold', before: undefined, after: '0.7' },
    ]);
    expect(lineage.map(({ field }) => field)).toEqual(['git_commit', 'head', 'run_id']);
  });

  it.each([
    [
      'an answer that moved is named',
      goldenOf(0.6),
      { common: 1, changed: [{ file: 'golden/cat.jpg', before: 0.9, after: 0.6 }] },
    ],
    ['an answer that moved as CPUs do is not', goldenOf(0.91), { common: 1, changed: [] }],
    [
      'an image is known by its content',
      goldenOf(0.6, 'c', 'golden/tom.jpg'),
      { common: 1, changed: [{ file: 'golden/tom.jpg' }] },
    ],
    [
      'another image under the same name is another',
      goldenOf(0.6, 'd'),
      { common: 0, added: 1, removed: 1, changed: [] },
    ],
  ])('golden: %s', (_, changes, expected) => {
    expect(compare(aManifest('1.0.0'), aManifest('1.1.0', changes)).golden).toMatchObject(expected);
  });
});
