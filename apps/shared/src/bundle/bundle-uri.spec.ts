import { parseBundleUri } from './bundle-uri.ts';
import { anError } from '@pawl/test-kit/bundles';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseBundleUri', () => {
  it.each<[string, object]>([
    ['file:///models/cat%20dog', { kind: 'file', directory: '/models/cat dog' }],
    ['https://models.example/catdog/1.4.0/', { kind: 'https', display: 'https://models.example/catdog/1.4.0/' }],
    ['http://127.0.0.1:8080/x', { kind: 'https' }],
    ['http://[::1]/x', { kind: 'https' }],
    [
      'oci://ghcr.io/team/catdog:1.4.0',
      { kind: 'oci', host: 'ghcr.io', repository: 'team/catdog', reference: '1.4.0' },
    ],
    [`oci://localhost:5000/catdog@${digest}`, { host: 'localhost:5000', repository: 'catdog', reference: digest }],
    [`oci://ghcr.io/catdog:1.4.0@${digest}`, { reference: digest, display: `oci://ghcr.io/catdog@${digest}` }],
    ['s3://models/catdog/1.4.0/', { kind: 's3', bucket: 'models', prefix: 'catdog/1.4.0' }],
    ['s3://models', { kind: 's3', bucket: 'models', prefix: '' }],
  ])('takes %s apart', (uri, expected) => {
    expect(parseBundleUri(uri)).toMatchObject(expected);
  });

  it('keeps user information and query to itself', () => {
    const location = parseBundleUri('https://user:s%40cret@models.example/x?sig=s3cr3t#s');
    expect(location.display).toBe('https://models.example/x');
    expect(location).toMatchObject({ credentials: { username: 'user', password: 's@cret' } });
    expect('base' in location && location.base.href).toBe('https://models.example/x?sig=s3cr3t');
  });

  it('accepts plain http to other hosts only when asked', () => {
    expect(() => parseBundleUri('http://models.example/x')).toThrow(/use https/);
    expect(parseBundleUri('http://models.example/x', { allowHttp: true })).toMatchObject({ kind: 'https' });
    expect(() => parseBundleUri('http://127.0.0.1.example/x')).toThrow(/use https/);
  });

  it.each([
    'models/catdog',
    'ftp://user:s3cr3t@host/x',
    'https://user:s3cr3t@[bad/x',
    'https://us%er:s3cr3t@host/x',
    'file://host/models?s3cr3t',
    'file:///a%2fb?s3cr3t',
    'oci://user:s3cr3t@ghcr.io/catdog:1',
    'oci://ghcr.io/catdog',
    'oci://ghcr.io/Cat:1',
    'oci://ghcr.io/../x:1',
    'oci://ghcr.io/catdog@sha256:s3cr3t',
    's3://UPPER/x',
    's3://models/a/../b?s3cr3t',
    's3://models/a//b',
    's3://models/a?s3cr3t',
  ])('refuses %s without repeating its secrets', (uri) => {
    const parse = () => parseBundleUri(uri);
    expect(parse).toThrow(anError({ code: 'BUNDLE_URI_INVALID' }));
    expect(parse).toThrow(anError({ message: expect.not.stringContaining('s3cr3t') }));
  });
});
