import { isDigest } from '@pawl/shared/bundle/digest';
import { mediaTypes } from '@pawl/shared/bundle/oci-image';
import { describeReferrer, parseReferrer, parseReferrers, withReferrers } from '@pawl/shared/bundle/readers/referrer';
import { ensure, type FuzzTarget } from '../engine/target.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const referrer = describeReferrer({
  artifactType: 'application/vnd.cyclonedx+json',
  bytes: Buffer.from('{}'),
  subject: { mediaType: mediaTypes.index, digest, size: 871 },
  annotations: { 'org.opencontainers.image.title': 'catdog' },
});

/** What refers to an image, and the list of it, by a registry: nothing is lost from a list that is written again. */
export const target: FuzzTarget = {
  kind: 'json',
  codes: ['BUNDLE_IMAGE_INVALID'],
  iterations: 800,
  words: [digest, 'sha256:', 'artifactType', ...Object.values(mediaTypes)],
  seeds: () => Promise.resolve([withReferrers(undefined, [referrer.descriptor]).bytes, referrer.manifest.bytes]),
  run: (input, random) => {
    if (random.below(2) === 0) {
      ensure(
        parseReferrer(input).layers.every((layer) => isDigest(layer.digest)),
        'a layer has a digest',
      );
      return;
    }
    const before = parseReferrers(input);
    const after = parseReferrers(withReferrers(input, [referrer.descriptor]).bytes).map((each) => each.digest);
    ensure(
      before.every((each) => after.includes(each.digest)),
      'a list only grows',
    );
    ensure(after.includes(referrer.descriptor.digest), 'what is added is in it');
  },
};
