import { setImmediate } from 'node:timers/promises';
import { bundleAt } from '@pawl/shared/bundle/open-bundle';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { FakeModelBackend } from '../../test/support/fake-model-backend.ts';
import { aBundleWithoutFiles } from '../../test/support/test-service.ts';
import { checkGolden, difference } from './golden.ts';

const expected = { file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 0.9, dog: 0.1 } };

describe('the golden check', () => {
  it('passes a model that answers within the tolerance, and says how close', async () => {
    const verdict = await checkGolden(aBundleWithoutFiles(), new FakeModelBackend(), 1_000);
    expect(verdict.images).toBe(1);
    expect(verdict.largestDifference).toBeLessThan(1e-9);
  });

  it('refuses one that does not, for good, with both answers', async () => {
    const backend = new FakeModelBackend();
    backend.behaviour = () => Promise.resolve(backend.answer(1));
    await expect(checkGolden(aBundleWithoutFiles(), backend, 1_000)).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      transient: false,
      message: expect.stringMatching(
        /golden\/cat\.jpg: expected cat \(0\.9526\), got dog \(0\.7311\).* 0\.05/,
      ) as string,
    });
  });

  it.each<[string, readonly number[], RegExp]>([
    [
      'flips a label within the tolerance',
      [0.96, 1.04],
      /expected cat \(0\.5300\), got dog \(0\.5200\).*another label is never allowed/,
    ],
    [
      'is off by more than the tolerance',
      [9, 0],
      /expected cat \(0\.5300\), got cat \(0\.99\d+\).*largest allowed.* 0\.05/,
    ],
    ['gives no finite answer', [NaN, 0], /expected cat \(0\.5300\), got no finite answer/],
  ])('refuses one that %s', async (_, output, message) => {
    const backend = new FakeModelBackend();
    backend.behaviour = () => Promise.resolve({ ...backend.answer(0), output: [...output] });
    const images = [{ file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 0.53, dog: 0.47 } }];
    const bundle = aBundleWithoutFiles({
      output: { kind: 'softmax-logits', name: 'logits' },
      golden: { tolerance: 0.05, images },
    });
    await expect(checkGolden(bundle, backend, 1_000)).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ['answers one that it should abstain from', true, 3],
    ['abstains from one that it should answer', false, -3],
  ])('refuses a model that %s', async (_, abstained, known) => {
    const backend = new FakeModelBackend();
    backend.behaviour = () => Promise.resolve({ ...backend.answer(-3), known });
    const images = [
      { file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 0.952574, dog: 0.047426 }, abstained },
    ];
    const bundle = aBundleWithoutFiles({
      abstain: { output: 'known', threshold: 0 },
      golden: { tolerance: 0.05, images },
    });
    await expect(checkGolden(bundle, backend, 1_000)).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      message: expect.stringMatching(abstained ? /abstains, it answers/ : /answers, it abstains/) as string,
    });
  });

  it('refuses 1,000 labels that are all answered wrongly though no probability is far off', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `label_${i}`);
    // As a softmax of a softmax gives them: every answer lies within 0.05 of every other.
    const answerOf = (best: number) => labels.map((_, i) => (i === best ? 0.0027 : 0.000998));
    const probabilities = Object.fromEntries(answerOf(7).map((p, i) => [labels[i], p]));
    const bundle = aBundleWithoutFiles({
      labels,
      output: { kind: 'probabilities', name: 'p' },
      golden: { tolerance: 0.05, images: [{ file: 'golden/cat.jpg', label: 'label_7', probabilities }] },
    });
    const backend = new FakeModelBackend();
    backend.behaviour = () => Promise.resolve({ ...backend.answer(0), output: answerOf(507) });
    await expect(checkGolden(bundle, backend, 1_000)).rejects.toMatchObject({
      code: 'GOLDEN_MISMATCH',
      message: expect.stringMatching(/expected label_7 .* got label_507 .*another label is never allowed/) as string,
    });
  });

  it('does not refuse a model that could not answer because the node was busy', async () => {
    const backend = new FakeModelBackend();
    backend.behaviour = () => Promise.reject(new PawlError('IMAGE_TIMEOUT', { message: 'slow' }));
    await expect(checkGolden(aBundleWithoutFiles(), backend, 1_000)).rejects.toMatchObject({ transient: true });
  });

  it('reports images that cannot be read as a failure that may pass, and leaves no other promise behind', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', note);
    const images = ['a', 'b', 'c'].map((name) => ({ ...expected, file: `golden/${name}.jpg` }));
    const files = images.map(({ file }) => ({ path: file, size: 1, sha256: `sha256:${'0'.repeat(64)}` }));
    const { manifest, digest } = aBundleWithoutFiles({ golden: { tolerance: 0.05, images }, files });
    const bundle = bundleAt('/nowhere', manifest, digest);
    await expect(checkGolden(bundle, new FakeModelBackend(), 1_000)).rejects.toMatchObject({
      code: 'BUNDLE_STORE_UNREACHABLE',
      transient: true,
      message: 'golden/a.jpg of the bundle cannot be read (ENOENT).',
    });
    // A rejection counts as unhandled when the turn ends.
    for (let turns = 0; turns < 20; turns += 1) await setImmediate();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it.each([
    ['the same', { cat: 0.9, dog: 0.1 }, 0],
    ['a little off', { cat: 0.88, dog: 0.12 }, 0.02],
    ['a label missing', { cat: 0.9 }, Infinity],
  ])('measures the largest difference: %s', (_, probabilities, wanted) => {
    const answer = { label: 'cat', confidence: 0.9, probabilities: probabilities as Record<string, number> };
    expect(difference(expected, answer)).toBeCloseTo(wanted, 9);
  });

  it('counts no answer as an infinite difference', () => {
    expect(difference(expected, undefined)).toBe(Infinity);
  });
});
