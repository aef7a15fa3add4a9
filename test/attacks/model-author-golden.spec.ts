/**
 * An author of weights ships a golden check that cannot fail, so that a service takes requests with a model that answers
 * anything.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { startService, type RunningService } from '../../apps/inference/test/support/start-service.ts';
import { readiness } from './support/readiness.ts';
import { spoiltBundle } from './support/spoilt-bundle.ts';

let work: string;
let service: RunningService | undefined;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'pawl-attack-'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  rmSync(work, { recursive: true });
});

/** The manifest with another answer to every golden image. */
const answering = (tolerance: number, dog: number) => (manifest: Manifest) => ({
  ...manifest,
  golden: {
    tolerance,
    images: manifest.golden.images.map((image) => ({
      ...image,
      label: dog >= 0.5 ? 'dog' : 'cat',
      probabilities: { cat: 1 - dog, dog },
    })),
  },
});

it.each<[string, (manifest: Manifest) => unknown, string, RegExp]>([
  [
    'images on the fence, under a tolerance that takes both labels',
    answering(0.5, 0.51),
    'BUNDLE_MANIFEST_INVALID',
    /golden\.images\[0\]: dog wins by 0\.01, less than the tolerance of 0\.5, so a wrong answer could pass/,
  ],
  [
    'a label that the image’s own probabilities do not answer',
    (manifest) => ({
      ...manifest,
      golden: { ...manifest.golden, images: manifest.golden.images.map((image) => ({ ...image, label: 'dog' })) },
    }),
    'BUNDLE_MANIFEST_INVALID',
    /golden\.images\[0\]: its probabilities answer another label than dog/,
  ],
  [
    'no image at all',
    (manifest) => ({ ...manifest, golden: { ...manifest.golden, images: [] } }),
    'BUNDLE_MANIFEST_INVALID',
    /golden\.images/,
  ],
  ['answers that the model does not give', answering(0.05, 0.9), 'GOLDEN_MISMATCH', /expected dog .* got cat /],
])('a golden check of %s does not let a model serve', async (_, manifest, code, reason) => {
  const { uri } = await spoiltBundle(join(work, 'bundle'), { manifest });
  service = await startService({ MODEL_URI: uri });
  expect(await readiness(service.url)).toMatchObject([
    503,
    { state: 'failed', code, reason: expect.stringMatching(reason) as string },
  ]);
});
