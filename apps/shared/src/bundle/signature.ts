import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { PawlError } from '../errors/pawl-error.ts';
import { signatureOfSigstoreBundle } from './sigstore.ts';

/** Largest signature file that is read, bytes; a P-256 signature in base64 has about 96. */
export const MAX_SIGNATURE_BYTES = 4096;
/** Most public keys that an environment may trust: each of them may release anything. */
export const MAX_PUBLIC_KEYS = 16;

const expectedKey = 'expected an ECDSA P-256 key in PEM';

/** Makes a fresh ECDSA P-256 key pair: PKCS#8 and SPKI in PEM. */
export function generateSigningKeyPair(): { readonly privateKeyPem: string; readonly publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}

/**
 * Detached signature of a manifest: base64 of the ASN.1 DER ECDSA P-256/SHA-256 signature over its bytes, one line,
 * which is what `cosign sign-blob --key --output-signature` writes; `toSigstoreBundle` makes of it what `cosign verify-blob
 * --bundle` checks.
 *
 * @throws PawlError BUNDLE_KEY_INVALID for a key that is not ECDSA P-256 in PEM.
 */
export function signManifest(manifestBytes: Uint8Array, privateKeyPem: string): string {
  return sign('sha256', manifestBytes, readPrivateKey(privateKeyPem)).toString('base64');
}

/**
 * Checks a detached signature as made by {@link signManifest} or cosign: base64 with whitespace around it, or a Sigstore
 * bundle.
 *
 * @param publicKeysPem one public key or several, see {@link readPublicKeys}: a signature by any one of them is right.
 * @throws PawlError BUNDLE_KEY_INVALID for the keys, BUNDLE_SIGNATURE_INVALID for the signature.
 */
export function verifyManifestSignature(
  manifestBytes: Uint8Array,
  signature: Uint8Array | string,
  publicKeysPem: string,
): void {
  const keys = readPublicKeys(publicKeysPem);
  const given = (typeof signature === 'string' ? signature : Buffer.from(signature).toString('latin1')).trim();
  const text = given.startsWith('{') ? signatureOfSigstoreBundle(given) : given;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
      message: 'the signature is not base64; expected the output of `cosign sign-blob --key`',
    });
  const bytes = Buffer.from(text, 'base64');
  if (!keys.some((key) => verify('sha256', manifestBytes, key, bytes)))
    throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
      message: `the signature of the manifest does not match its bytes and ${keys.length === 1 ? 'the public key' : `any of the ${keys.length} public keys`}`,
    });
}

/**
 * The public keys of an environment: blocks of PEM, one after another, with any text between them (RFC 7468, section 2).
 * One that cannot be used makes all of them unusable: an environment never trusts half of what somebody wrote down.
 *
 * @throws PawlError BUNDLE_KEY_INVALID for no key, more than {@link MAX_PUBLIC_KEYS}, and one that is not a public ECDSA
 * P-256 key; the message says which.
 */
export function readPublicKeys(pem: string): readonly KeyObject[] {
  // createPublicKey would also derive the public half of a private key; a private key here is a leak, not a
  // convenience.
  if (pem.includes('PRIVATE KEY')) throw keyInvalid('the key to verify with is a private key; ' + expectedKey);
  const [before = '', ...blocks] = pem.split('-----BEGIN ');
  const name = (index: number) => (blocks.length > 1 ? `public key ${index + 1} of ${blocks.length}` : 'the key');
  if (blocks.length === 0 || before.includes('-----END '))
    throw keyInvalid(`${name(0)} cannot be read; ${expectedKey}`);
  if (blocks.length > MAX_PUBLIC_KEYS)
    throw keyInvalid(`there are ${blocks.length} public keys; expected at most ${MAX_PUBLIC_KEYS}`);
  return blocks.map((text, index) =>
    requireP256(() => {
      const [, block, , rest] = /^(([A-Z0-9 ]+)-----[^-]*-----END \2-----)([^]*)$/.exec(text) ?? [];
      // A block that is cut off or mistyped is no text between two keys.
      if (block === undefined || rest?.includes('-----END ') === true) throw new Error('no block of PEM');
      return createPublicKey(`-----BEGIN ${block}`);
    }, name(index)),
  );
}

function readPrivateKey(pem: string): KeyObject {
  if (/ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY/.test(pem))
    throw new PawlError('BUNDLE_KEY_INVALID', {
      message: `the private key is encrypted in cosign's own format; ${expectedKey}`,
      hint: 'Sign with `cosign sign-blob --key`, which writes the same signature, or give an unencrypted PEM key.',
    });
  return requireP256(() => createPrivateKey(pem), 'the key');
}

/** @param which the subject of what is said when it is something else. */
function requireP256(read: () => KeyObject, which: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    // OpenSSL's own words say nothing that helps, and nothing of a key may reach a log.
    throw keyInvalid(`${which} cannot be read; ${expectedKey}`);
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') return key;
  const found = [key.asymmetricKeyType, curve].filter(Boolean).join(' ');
  throw keyInvalid(`${which} is of type ${found}; ${expectedKey}`);
}

const keyInvalid = (message: string) => new PawlError('BUNDLE_KEY_INVALID', { message });
