import { anError } from '@pawl/test-kit/bundles';
import { credentialsFromDockerConfig, parseChallenge, parseToken, tokenRequest } from './oci-auth.ts';

describe('parseChallenge', () => {
  it.each<[string | undefined, object | undefined]>([
    ['Basic realm="x"', { scheme: 'basic' }],
    [
      'bearer realm="https://auth.example/token",service="reg.example",scope="repository:a/b:pull,push"',
      {
        scheme: 'bearer',
        realm: 'https://auth.example/token',
        service: 'reg.example',
        scope: 'repository:a/b:pull,push',
      },
    ],
    ['Bearer realm="https://auth.example/\\"q"', { scheme: 'bearer', realm: 'https://auth.example/"q' }],
    [
      'Bearer realm=https://auth.example/token, service=x',
      { scheme: 'bearer', realm: 'https://auth.example/token', service: 'x' },
    ],
    ['Bearer service="x"', undefined],
    ['Negotiate', undefined],
    [undefined, undefined],
  ])('reads %s', (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });
});

describe('tokenRequest', () => {
  const challenge = { scheme: 'bearer', realm: 'https://auth.example/token?account=x', service: 'reg' } as const;

  it('asks for the scope of the registry, else for our own, with basic credentials if there are any', () => {
    const own = tokenRequest(challenge, 'repository:a:pull', { username: 'u', password: 'p' });
    expect(new URL(own.url).searchParams.toString()).toBe('account=x&service=reg&scope=repository%3Aa%3Apull');
    expect(own.headers).toEqual({ authorization: 'Basic dTpw' });
    const theirs = tokenRequest({ ...challenge, scope: 'repository:b:pull' }, 'repository:a:pull', undefined);
    expect(new URL(theirs.url).searchParams.get('scope')).toBe('repository:b:pull');
    expect(theirs.headers).toEqual({});
  });

  it('refuses a realm that is no URL', () => {
    expect(() => tokenRequest({ scheme: 'bearer', realm: '/token' }, 'x', undefined)).toThrow(
      anError({ code: 'BUNDLE_STORE_REFUSED' }),
    );
  });
});

describe('parseToken', () => {
  it.each([
    ['{"token":"a"}', 'a'],
    ['{"access_token":"b"}', 'b'],
    ['{}', undefined],
    ['{"token":1}', undefined],
    ['no json', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseToken(Buffer.from(text))).toBe(expected);
  });
});

describe('credentialsFromDockerConfig', () => {
  const auth = Buffer.from('user:pa:ss').toString('base64');
  const config = JSON.stringify({
    auths: {
      'https://reg.example': { auth },
      'localhost:5000': { username: 'local', password: 'secret' },
      'https://index.docker.io/v1/': { auth },
      'helper.example': {},
    },
    credsStore: 'desktop',
  });

  it.each<[string, object | undefined]>([
    ['reg.example', { username: 'user', password: 'pa:ss' }],
    ['localhost:5000', { username: 'local', password: 'secret' }],
    ['docker.io', { username: 'user', password: 'pa:ss' }],
    ['helper.example', undefined],
    ['other.example', undefined],
    ['reg.example.evil', undefined],
    ['reg.example:444', undefined],
  ])('finds those for %s', (host, expected) => {
    expect(credentialsFromDockerConfig(config, host)).toEqual(expected);
  });

  it('takes a file without any, and refuses one that is not such a file without repeating it', () => {
    expect(credentialsFromDockerConfig('{}', 'reg.example')).toBeUndefined();
    const read = () => credentialsFromDockerConfig('{"auths": "s3cr3t"}', 'reg.example');
    expect(read).toThrow(anError({ code: 'CONFIG_INVALID' }));
    expect(read).not.toThrow(/s3cr3t/);
  });
});
