import { execFile } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { generateSigningKeyPair, MAX_PUBLIC_KEYS, signManifest, verifyManifestSignature } from './signature.ts';
import { anError, aFolder, cleanFolders } from '@pawl/test-kit/bundles';

const run = promisify(execFile);
const manifest = Buffer.from('{"schemaVersion":1}\n');
const keys = generateSigningKeyPair();

afterEach(cleanFolders);

const anyKey = () => generateSigningKeyPair().publicKeyPem;
const pem = (pair: { readonly publicKey: KeyObject }) =>
  pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

describe('signature of a manifest', () => {
  it('is accepted for the bytes it was made of, also with a newline after it', () => {
    const signature = signManifest(manifest, keys.privateKeyPem);
    expect(signature).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    verifyManifestSignature(manifest, signature, keys.publicKeyPem);
    verifyManifestSignature(manifest, Buffer.from(`${signature}\n`), keys.publicKeyPem);
  });

  it('is made by a key in SEC1 form as well, as openssl ecparam -genkey writes it', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sec1 = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    verifyManifestSignature(manifest, signManifest(manifest, sec1), pem({ publicKey }));
  });

  it.each<[string, string, string]>([
    ['other bytes', signManifest(Buffer.from('other'), keys.privateKeyPem), 'does not match'],
    ['another key', signManifest(manifest, generateSigningKeyPair().privateKeyPem), 'does not match'],
    ['no base64', 'not*base64', 'not base64'],
    ['nothing', '', 'not base64'],
    ['no ASN.1', Buffer.from('garbage').toString('base64'), 'does not match'],
  ])('is refused when it is of %s', (_, signature, message) => {
    expect(() => {
      verifyManifestSignature(manifest, signature, keys.publicKeyPem);
    }).toThrow(anError({ code: 'BUNDLE_SIGNATURE_INVALID', message: expect.stringContaining(message) }));
  });

  it.each<[string, string, RegExp]>([
    ['P-384', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' })), /ec secp384r1; expected an ECDSA P-256 key/],
    ['Ed25519', pem(generateKeyPairSync('ed25519')), /ed25519; expected an ECDSA P-256 key/],
    ['RSA', pem(generateKeyPairSync('rsa', { modulusLength: 2048 })), /rsa; expected/],
    ['a private key', keys.privateKeyPem, /is a private key/],
    ['no PEM', 'hello', /cannot be read; expected an ECDSA P-256 key in PEM/],
  ])('needs a public key of P-256, not %s', (_, key, message) => {
    expect(() => {
      verifyManifestSignature(manifest, signManifest(manifest, keys.privateKeyPem), key);
    }).toThrow(anError({ code: 'BUNDLE_KEY_INVALID', message: expect.stringMatching(message) }));
  });

  describe('by one of several keys', () => {
    const [first, second, third] = [keys.publicKeyPem, generateSigningKeyPair().publicKeyPem, anyKey()];
    const signature = signManifest(manifest, keys.privateKeyPem);
    const verify = (pem: string) => () => {
      verifyManifestSignature(manifest, signature, pem);
    };

    it.each<[string, string]>([
      ['the first', first + second],
      ['the last', second + third + first],
      ['one among comments', `# CI, until 2027-01-31\n${second}\n\n# --- release ---\r\n${first}\n# end\n`],
      ['one of lines that end as Windows ends them', (second + first).replaceAll('\n', '\r\n')],
      ['one of as many as there may be', first + second.repeat(MAX_PUBLIC_KEYS - 1)],
    ])('is accepted: %s', (_, pem) => {
      expect(verify(pem)).not.toThrow();
    });

    it('is refused when it is by none of them', () => {
      expect(verify(second + third)).toThrow(
        anError({ code: 'BUNDLE_SIGNATURE_INVALID', message: expect.stringContaining('any of the 2 public keys') }),
      );
    });

    it.each<[string, string, RegExp]>([
      ['nothing', '', /^the key cannot be read/],
      ['comments alone', '# none yet\n', /^the key cannot be read/],
      ['one of another kind', first + pem(generateKeyPairSync('ed25519')), /^public key 2 of 2 is of type ed25519/],
      ['one that is cut off', first + second.slice(0, 60) + '\n' + third, /^public key 2 of 3 cannot be read/],
      ['one without its end', first + second.slice(0, 60), /^public key 2 of 2 cannot be read/],
      ['one that is no key', first.replace(/\n.{20}/, '\nAAAA') + second, /^public key 1 of 2 cannot be read/],
      ['one whose first line is mistyped', first + second.replace('BEGIN', 'BEGN'), /^the key cannot be read/],
      ['only the end of one', `${first.slice(40)}${second}`, /^the key cannot be read/],
      ['a private one among them', first + keys.privateKeyPem, /is a private key/],
      ['too many', first.repeat(MAX_PUBLIC_KEYS + 1), /there are 17 public keys; expected at most 16/],
    ])('is not looked at where there is %s', (_, pem, message) => {
      expect(verify(pem)).toThrow(anError({ code: 'BUNDLE_KEY_INVALID', message: expect.stringMatching(message) }));
    });
  });

  it('says what to do about a private key in cosign’s encrypted format', () => {
    const key = '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
    expect(() => signManifest(manifest, key)).toThrow(
      anError({ code: 'BUNDLE_KEY_INVALID', hint: expect.stringContaining('cosign sign-blob') }),
    );
  });
});

describeWhenSet('PAWL_TEST_COSIGN', 'signature, with the real cosign', (cosign) => {
  const environment = { ...process.env, COSIGN_PASSWORD: '' };

  it('is accepted by cosign verify-blob, and refused by it for other bytes', async () => {
    const folder = await aFolder();
    const at = (name: string) => join(folder, name);
    await writeFile(at('manifest.json'), manifest);
    await writeFile(at('other.json'), 'other');
    await writeFile(at('manifest.json.sig'), signManifest(manifest, keys.privateKeyPem));
    await writeFile(at('key.pub'), keys.publicKeyPem);
    const check = (file: string) =>
      run(
        cosign,
        [
          'verify-blob',
          '--key',
          at('key.pub'),
          '--signature',
          at('manifest.json.sig'),
          '--insecure-ignore-tlog=true',
          at(file),
        ],
        { env: environment },
      );
    expect((await check('manifest.json')).stderr).toContain('Verified OK');
    await expect(check('other.json')).rejects.toThrow(/invalid signature/);
  });

  it('by cosign sign-blob is accepted here, and refused for other bytes', async () => {
    const folder = await aFolder();
    const at = (name: string) => join(folder, name);
    await writeFile(at('manifest.json'), manifest);
    await writeFile(at('key.pem'), keys.privateKeyPem);
    const options = { cwd: folder, env: environment };
    await run(cosign, ['import-key-pair', '--key', 'key.pem', '--output-key-prefix', 'imported'], options);
    const sign = ['sign-blob', '--key', 'imported.key', '--yes', '--output-signature', 'manifest.json.sig'];
    await run(cosign, [...sign, ...(await offlineFlags(cosign)), 'manifest.json'], options);
    const signature = await readFile(at('manifest.json.sig'));
    const publicKey = await readFile(at('imported.pub'), 'utf8');
    verifyManifestSignature(manifest, signature, publicKey);
    expect(() => {
      verifyManifestSignature(Buffer.from('other'), signature, publicKey);
    }).toThrow(anError({ code: 'BUNDLE_SIGNATURE_INVALID' }));
  });
});

/** From version 3 on cosign asks a signing config and writes a bundle unless it is told otherwise. */
async function offlineFlags(cosign: string): Promise<string[]> {
  const { stdout } = await run(cosign, ['version']);
  const major = Number(/GitVersion:\s+v(\d+)/.exec(stdout)?.[1] ?? 0);
  return ['--tlog-upload=false', ...(major >= 3 ? ['--new-bundle-format=false', '--use-signing-config=false'] : [])];
}
