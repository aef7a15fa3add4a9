import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { isArtifactAllowed } from '@pawl/shared/modelversion/artifact-allowed';
import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { ensure, textSeeds, type FuzzTarget } from '../engine/target.ts';

const policy = rolloutPolicySchema.parse({
  artifact: { allow: ['oci://registry.example/models', 'https://host.example/a'] },
});

/** Addresses of bundles, by whoever writes versions. */
export const target: FuzzTarget = {
  kind: 'text',
  codes: ['BUNDLE_URI_INVALID'],
  iterations: 2000,
  words: [
    '@',
    '?',
    '#',
    '..',
    '/',
    '%2e%2e',
    '%00',
    '\\',
    ':',
    'oci://',
    's3://',
    'https://',
    'file:///',
    '@sha256:',
    '\u202e',
    '[::1]',
    '%2f',
  ],
  seeds: () =>
    Promise.resolve(
      textSeeds(
        'oci://registry.example:5000/models/catdog:1.0.0',
        `oci://registry.example/models/catdog@sha256:${'a'.repeat(64)}`,
        'https://user:password@host.example/a/b?signature=secret#part',
        'http://127.0.0.1:8080/a',
        's3://bucket.name/models/catdog',
        'file:///models/catdog',
      ),
    ),
  run: (input) => {
    const uri = Buffer.from(input).toString('utf8');
    const { display, kind } = parseBundleUri(uri);
    ensure(!/[?#]/.test(display), 'what is shown of an address has no query and no fragment');
    ensure(!/^[a-z]+:\/\/[^/]*@/.test(display), 'what is shown of an address has no user information');
    const allowed = isArtifactAllowed(uri, policy);
    ensure(!allowed || kind === 'oci' || kind === 'https', 'what is allowed has an allowed scheme');
    if (allowed)
      ensure(
        /^(oci:\/\/registry\.example\/models|https:\/\/host\.example\/a)([/:@]|$)/i.test(display),
        `${display} is below an allowed address`,
      );
  },
};
