import { anError } from '@pawl/test-kit/bundles';
import { readTokenHosts, requireTokenRealm } from './token-realm.ts';

const judge = (registry: string, realm: string, allowed: readonly string[] = []) => {
  requireTokenRealm(new URL(realm), new URL(registry), allowed);
};

describe('the token server that a registry names', () => {
  it.each([
    ['of its own origin', 'https://reg.example', 'https://reg.example/token'],
    ['of its own origin, in plain HTTP', 'http://10.0.0.7:5000', 'http://10.0.0.7:5000/token'],
    ['of its host, on another port', 'https://git.example.com:5050', 'https://git.example.com/jwt/auth'],
    ['below it', 'https://reg.example', 'https://auth.reg.example/token'],
    ['above it', 'https://registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
    ['of Docker Hub', 'https://registry-1.docker.io', 'https://auth.docker.io/token'],
  ])('is asked: %s', (_, registry, realm) => {
    expect(() => {
      judge(registry, realm);
    }).not.toThrow();
  });

  it.each([
    ['of another site', 'https://reg.example', 'https://evil.example/token'],
    ['of a name that only ends alike', 'https://reg.example', 'https://evilreg.example/token'],
    ['of a neighbour below a common name', 'https://mine.azurecr.io', 'https://yours.azurecr.io/token'],
    ['of the whole top level', 'https://reg.example', 'https://example/token'],
    ['of Docker Hub, for another registry', 'https://reg.example', 'https://auth.docker.io/token'],
    ['on another port of Docker Hub', 'https://registry-1.docker.io', 'https://auth.docker.io:8443/token'],
    ['on another port of an address', 'https://10.0.0.7', 'https://10.0.0.7:8443/token'],
    ['on another port of this machine', 'http://127.0.0.1:8275', 'http://127.0.0.1:8276/latest/api/token'],
    ['on another port of localhost', 'https://localhost', 'https://localhost:8443/token'],
    ['at a metadata service', 'http://127.0.0.1:5000', 'http://169.254.169.254/latest/api/token'],
    ['on another port, in plain HTTP', 'http://reg.example:5000', 'http://reg.example:5001/token'],
  ])('is refused with how to allow it: %s', (_, registry, realm) => {
    const { host } = new URL(realm);
    expect(() => {
      judge(registry, realm);
    }).toThrow(
      anError({
        code: 'BUNDLE_TOKEN_REALM_REFUSED',
        message: expect.stringMatching(`://${host} for a token, .*REGISTRY_TOKEN_HOSTS=${host} would`),
      }),
    );
    expect(() => {
      judge(registry, realm, readTokenHosts(host));
    }).not.toThrow();
  });

  it.each([
    ['in plain HTTP, of a registry that speaks https', 'http://reg.example/token'],
    ['in plain HTTP, on this machine', 'http://127.0.0.1/token'],
    ['that is a file', 'file:///etc/passwd'],
  ])('is refused whatever is allowed: %s', (_, realm) => {
    expect(() => {
      judge('https://reg.example', realm, [new URL(realm).host]);
    }).toThrow(
      anError({
        code: 'BUNDLE_TOKEN_REALM_REFUSED',
        message: expect.not.stringContaining('REGISTRY_TOKEN_HOSTS'),
      }),
    );
  });
});

describe('REGISTRY_TOKEN_HOSTS', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    ['auth.example', ['auth.example']],
    [' Auth.example:443 , 10.0.0.7:8443,', ['auth.example', '10.0.0.7:8443']],
    ['[::1]:5001', ['[::1]:5001']],
  ])('%j is %j', (text, hosts) => {
    expect(readTokenHosts(text)).toEqual(hosts);
  });

  it.each(['https://auth.example', 'auth.example/token', '*', 'a b', 'x:y'])('is refused: %s', (text) => {
    expect(() => readTokenHosts(text)).toThrow(
      anError({ code: 'CONFIG_INVALID', message: expect.stringContaining('expected host or host:port') }),
    );
  });
});
