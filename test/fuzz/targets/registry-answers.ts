import {
  credentialsFromDockerConfig,
  parseChallenge,
  parseToken,
  tokenRequest,
} from '@pawl/shared/bundle/stores/oci-auth';
import { requireTokenRealm } from '@pawl/shared/bundle/stores/token-realm';
import { ensure, textSeeds, type FuzzTarget } from '../engine/target.ts';

const registry = new URL('https://registry.example');

/** What a registry says before it serves, by a registry: a challenge, a token, and the file that credentials are read from. */
export const target: FuzzTarget = {
  kind: 'text',
  codes: ['BUNDLE_STORE_REFUSED', 'BUNDLE_TOKEN_REALM_REFUSED', 'CONFIG_INVALID'],
  iterations: 2000,
  words: [
    'realm=',
    '"',
    '\\"',
    'Bearer ',
    'Basic ',
    ',',
    'https://',
    'http://169.254.169.254/',
    '@',
    '.registry.example',
    '\u202e',
    '\r\n',
  ],
  seeds: () =>
    Promise.resolve(
      textSeeds(
        'Bearer realm="https://auth.registry.example/token",service="registry",scope="repository:a:pull"',
        'Basic realm="x"',
        '{"token":"abc","access_token":"def"}',
        '{"auths":{"registry.example":{"auth":"dXNlcjpwYXNz"}}}',
      ),
    ),
  run: (input) => {
    const text = Buffer.from(input).toString('utf8');
    const token = parseToken(input);
    ensure(token === undefined || token.length > 0, 'a token is not empty');
    const challenge = parseChallenge(text);
    if (challenge?.scheme === 'bearer') {
      const { url } = tokenRequest(challenge, 'repository:a:pull', { username: 'user', password: 'secret' });
      requireTokenRealm(new URL(url), registry, []);
      const { protocol, hostname } = new URL(url);
      ensure(
        protocol === 'https:' && /(^|\.)registry\.example$|^example$/.test(hostname),
        `${url} is asked with a password`,
      );
    }
    credentialsFromDockerConfig(text, 'registry.example');
  },
};
