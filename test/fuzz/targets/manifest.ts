import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { parseManifest } from '@pawl/shared/bundle/verify-manifest';
import { catdog } from '@pawl/test-kit/repository';
import { someDraft } from '@pawl/test-kit/bundles';
import { ensure, textSeeds, type FuzzTarget } from '../engine/target.ts';

const files = ['model.onnx', 'golden/cat-1.jpg', 'reference.json'].map((path) => ({
  path,
  size: 1,
  sha256: `sha256:${'0'.repeat(64)}`,
}));

/** `manifest.json` of a bundle, by whoever can write to a store. */
export const target: FuzzTarget = {
  kind: 'json',
  codes: ['BUNDLE_MANIFEST_INVALID'],
  iterations: 800,
  words: [
    'cat',
    'dog',
    'model.onnx',
    'manifest.json',
    'golden',
    'softmax-logits',
    'probabilities',
    'energy',
    'sha256:',
    '1.4.0-rc.1',
  ],
  seeds: () =>
    Promise.resolve([
      readFileSync(join(catdog, 'manifest.json')),
      ...textSeeds(canonicalJson({ ...someDraft(), files })),
    ]),
  run: (input) => {
    const { files: listed, labels, golden } = parseManifest(input);
    for (const { path } of listed)
      ensure(
        !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\\'),
        `${path} stays in the bundle`,
      );
    ensure(
      golden.images.every(({ label }) => labels.includes(label)),
      'golden images have labels of the model',
    );
  },
};
