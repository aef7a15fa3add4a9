import { unreachable } from './store.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: https://user:s3cr3t@store`), { code });

describe('the error of a connection that failed', () => {
  it.each([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'is signed by an authority that is not trusted here'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'is signed by an authority that is not trusted here'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'is signed by an authority that is not trusted here'],
    ['INVALID_CA', 'is signed by an authority that is not trusted here'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'is self-signed, and not trusted here'],
    ['CERT_HAS_EXPIRED', 'has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another host name'],
  ])('by a certificate says so, what to do, and is final: %s', (code, words) => {
    expect(unreachable('https://store/a', failure(code))).toMatchObject({
      code: 'BUNDLE_STORE_UNTRUSTED',
      transient: false,
      message: `the store of https://store/a shows a certificate that ${words} (${code})`,
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'])('by %s may pass', (code) => {
    expect(unreachable('https://store/a', failure(code))).toMatchObject({
      code: 'BUNDLE_STORE_UNREACHABLE',
      transient: true,
      message: expect.stringMatching(new RegExp(`^[^@]*\\(${code}\\)$`)),
    });
  });
});
