import { isDigest } from '@pawl/shared/bundle/digest';
import { describeImage, mediaTypes, parseImageDocument } from '@pawl/shared/bundle/oci-image';
import { ensure, type FuzzTarget } from '../engine/target.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const image = describeImage({ layer: { digest, size: 10_240 }, digest, name: 'catdog', version: '1.0.0' });

/** Image indexes and manifests, by a registry. */
export const target: FuzzTarget = {
  kind: 'json',
  codes: ['BUNDLE_IMAGE_INVALID'],
  iterations: 800,
  words: [digest, 'sha256:', 'unknown', ...Object.values(mediaTypes)],
  seeds: () => Promise.resolve([image.index, ...image.manifests].map(({ bytes }) => bytes)),
  run: (input, random) => {
    const types = Object.values(mediaTypes);
    const document = parseImageDocument(types[random.below(types.length)] ?? mediaTypes.index, input);
    if (document.kind === 'index') ensure(isDigest(document.manifest), 'an index names a digest');
    else ensure(isDigest(document.layer.digest) && document.layer.size >= 0, 'a layer has a digest and a size');
  },
};
