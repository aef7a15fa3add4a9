import { createHash, createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { PawlError } from '../errors/pawl-error.ts';
import { parseJson } from './parse-json.ts';

/** Largest Sigstore bundle that is read, bytes; one of a key has 500, with an entry of a transparency log some thousand. */
export const MAX_SIGSTORE_BYTES = 65_536;

/**
 * A detached signature as a Sigstore bundle v0.3 (`sigstore_bundle.proto` of sigstore/protobuf-specs, in its JSON form), which
 * cosign 2 and 3 verify with `--bundle`, and cosign 3 in no other form. Written by hand: five fields, and cosign itself is
 * asked in the tests, where a library would bring the whole of protobuf.
 *
 * @param signature base64 of the ASN.1 DER signature over the sha256 of the bytes.
 * @param keyPem either half of the key that signed; the bundle names it by the digest of its public half, as cosign does.
 */
export function toSigstoreBundle(signedBytes: Uint8Array, signature: string, keyPem: string): string {
  const key = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: sha256(key) } },
    messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: sha256(signedBytes) }, signature },
  });
}

const schema = z.object({
  mediaType: z.string().regex(/^application\/vnd\.dev\.sigstore\.bundle(\.v0\.3\+json|\+json;version=0\.[123])$/),
  messageSignature: z.object({ signature: z.base64().min(1) }),
});

/**
 * Pure: the plain signature of a Sigstore bundle: base64, as `cosign sign-blob --output-signature` writes it. Certificates and
 * log entries of the bundle are not looked at: who signed is decided by the key.
 *
 * @throws PawlError BUNDLE_SIGNATURE_INVALID for what is no Sigstore bundle with a signature of bytes.
 */
export function signatureOfSigstoreBundle(text: string): string {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.messageSignature.signature;
  const field = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
    message: `the signature is no Sigstore bundle (${field === '' ? 'no JSON object' : field}); expected the output of \`cosign sign-blob --key --bundle\``,
  });
}

/** What a Sigstore bundle says of itself; nobody has looked at its signature. */
export interface SigstoreContent {
  /** `statement`: a DSSE envelope. */
  readonly content: 'signature' | 'statement';
  /** Which key signed, as the signer calls it; undefined where it does not say. */
  readonly hint: string | undefined;
  /** base64 of the sha256 of what was signed; undefined where it does not say. */
  readonly messageDigest: string | undefined;
}

const anySchema = z.object({
  verificationMaterial: z.object({ publicKey: z.object({ hint: z.string().optional() }).optional() }).optional(),
  messageSignature: z.object({ messageDigest: z.object({ digest: z.string() }).optional() }).optional(),
  dsseEnvelope: z.object({}).optional(),
});

/**
 * Pure: tells the two kinds of Sigstore bundles apart.
 *
 * @throws PawlError BUNDLE_SIGNATURE_INVALID for what is neither.
 */
export function parseSigstoreBundle(text: string): SigstoreContent {
  const parsed = anySchema.safeParse(parseJson(text));
  const { messageSignature, dsseEnvelope, verificationMaterial } = parsed.data ?? {};
  if ((messageSignature === undefined) === (dsseEnvelope === undefined))
    throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
      message: 'the signature is no Sigstore bundle; expected one with a signature of bytes or with a statement',
    });
  return {
    content: dsseEnvelope === undefined ? 'signature' : 'statement',
    hint: verificationMaterial?.publicKey?.hint,
    messageDigest: messageSignature?.messageDigest?.digest,
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');
