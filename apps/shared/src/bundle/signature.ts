import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { PawlError } from '../errors/pawl-error.ts';

/** Largest signature file that is read, bytes; a P-256 signature in base64 has about 96. */
export const MAX_SIGNATURE_BYTES = 4096;

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
 * which is what `cosign sign-blob --key` writes and `cosign verify-blob --key --signature` checks.
 *
 * @throws PawlError BUNDLE_KEY_INVALID for a key that is not ECDSA P-256 in PEM.
 */
export function signManifest(manifestBytes: Uint8Array, privateKeyPem: string): string {
  return sign('sha256', manifestBytes, readPrivateKey(privateKeyPem)).toString('base64');
}

/**
 * Checks a detached signature as made by {@link signManifest} or cosign; whitespace around the base64 is allowed.
 *
 * @throws PawlError BUNDLE_KEY_INVALID for the key, BUNDLE_SIGNATURE_INVALID for the signature.
 */
export function verifyManifestSignature(
  manifestBytes: Uint8Array,
  signature: Uint8Array | string,
  publicKeyPem: string,
): void {
  const key = readPublicKey(publicKeyPem);
  const text = (typeof signature === 'string' ? signature : Buffer.from(signature).toString('latin1')).trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
      message: 'the signature is not base64; expected the output of `cosign sign-blob --key`',
    });
  if (!verify('sha256', manifestBytes, key, Buffer.from(text, 'base64')))
    throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
      message: 'the signature of the manifest does not match its bytes and the public key',
    });
}

function readPublicKey(pem: string): KeyObject {
  // createPublicKey would also derive the public half of a private key; a private key here is a leak, not a
  // convenience.
  if (pem.includes('PRIVATE KEY')) throw keyInvalid('the key to verify with is a private key; ' + expectedKey);
  return requireP256(() => createPublicKey(pem));
}

function readPrivateKey(pem: string): KeyObject {
  if (/ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY/.test(pem))
    throw new PawlError('BUNDLE_KEY_INVALID', {
      message: `the private key is encrypted in cosign's own format; ${expectedKey}`,
      hint: 'Sign with `cosign sign-blob --key`, which writes the same signature, or give an unencrypted PEM key.',
    });
  return requireP256(() => createPrivateKey(pem));
}

function requireP256(read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    // OpenSSL's own words say nothing that helps, and nothing of a key may reach a log.
    throw keyInvalid(`the key cannot be read; ${expectedKey}`);
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') return key;
  const found = [key.asymmetricKeyType, curve].filter(Boolean).join(' ');
  throw keyInvalid(`the key is of type ${found}; ${expectedKey}`);
}

const keyInvalid = (message: string) => new PawlError('BUNDLE_KEY_INVALID', { message });
