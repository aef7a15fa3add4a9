import { readFileSync } from 'node:fs';
import type { LocalModel } from '../../../bundles/local-model.ts';
import { inRepository } from '@pawl/test-kit/repository';
import { askGolden, type GoldenCandidate, type GoldenRules } from './golden.ts';

const bytes = readFileSync(inRepository('models/catdog/golden/cat-python3-pyglet-kitten.jpg'));
const aCandidate = (name: string, changes: Partial<GoldenCandidate> = {}): GoldenCandidate => ({
  name,
  label: 'cat',
  // A picture of its own each, by which the answer is found below.
  bytes: Buffer.concat([bytes, Buffer.from(name)]),
  ...changes,
});
const rules: GoldenRules = {
  spec: {
    labels: ['cat', 'dog'],
    output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
    abstain: { output: 'known', threshold: -1.5 },
  },
  tolerance: 0.05,
};

/** A model that gives each picture, by the name at its end, a logit and what it knows. */
const modelOf = (said: Readonly<Record<string, readonly [logit: number, known: number]>>): LocalModel => ({
  capacity: 1,
  ask: (picture) => {
    const [logit = NaN, known = NaN] = said[Buffer.from(picture.subarray(bytes.length)).toString()] ?? [];
    return Promise.resolve({ output: [logit], known } as never);
  },
});

describe('golden images', () => {
  it('of a picture of neither are those that the model abstains from, however near their nearest label is', async () => {
    const model = modelOf({ cat: [-5, 1], owl: [0.01, -3], tiger: [-4, 0] });
    const shown = ['owl', 'tiger'].map((name) => aCandidate(name, { showsNeither: true }));
    const { images, wrong, narrow } = await askGolden(model, rules, [aCandidate('cat'), ...shown]);
    expect(images).toMatchObject([
      { label: 'cat', probabilities: { cat: 0.993307 } },
      { label: 'dog', abstained: true },
    ]);
    expect(images[0]).not.toHaveProperty('abstained');
    expect(wrong).toEqual([{ name: 'tiger', label: 'neither', answered: 'cat' }]);
    expect(narrow).toEqual([]);
  });

  it('of neither are lost to a model that always answers', async () => {
    const always = { ...rules, spec: { labels: rules.spec.labels, output: rules.spec.output } };
    const candidates = [aCandidate('cat'), aCandidate('owl', { showsNeither: true })];
    const { wrong } = await askGolden(modelOf({ cat: [-5, 1], owl: [2, -3] }), always, candidates);
    expect(wrong).toEqual([{ name: 'owl', label: 'neither', answered: 'dog' }]);
  });

  it('of a label are right by their label, and too narrow within the tolerance', async () => {
    const model = modelOf({ cat: [-5, 1], near: [-0.1, 1], dog: [5, 1] });
    const { images, wrong, narrow } = await askGolden(
      model,
      rules,
      ['cat', 'near', 'dog'].map((name) => aCandidate(name)),
    );
    expect([images.length, wrong[0]?.name, narrow[0]?.name]).toEqual([1, 'dog', 'near']);
  });
});
