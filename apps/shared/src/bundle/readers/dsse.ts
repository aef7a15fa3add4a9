import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { PawlError } from '../../errors/pawl-error.ts';
import { readPublicKeys, signManifest } from '../signature.ts';
import { parseJson } from '../parse-json.ts';

/** Media type of a Sigstore bundle, version 0.3, which every signature here is written as. */
export const SIGSTORE_BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Largest statement that is read, bytes of its Sigstore bundle: one line for each of at most 1,000 files. */
export const MAX_STATEMENT_BYTES = 1024 * 1024;

/** How a key is named in a bundle, by the sha256 of its public half: of the PEM in hex, or of the DER in base64. */
const hints = {
  'model-signing': (key: KeyObject) =>
    createHash('sha256')
      .update(key.export({ type: 'spki', format: 'pem' }))
      .digest('hex'),
  cosign: (key: KeyObject) =>
    createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('base64'),
};

/**
 * Signs an in-toto statement by the DSSE protocol (secure-systems-lab/dsse, version 1.0) and puts it into a Sigstore bundle v0.3.
 *
 * @param statement JSON.
 * @param reader for whom the key is named.
 * @throws PawlError BUNDLE_KEY_INVALID.
 */
export function signStatement(
  statement: string,
  privateKeyPem: string,
  reader: keyof typeof hints = 'model-signing',
): string {
  const payload = Buffer.from(statement);
  const sig = signManifest(preAuthentication(PAYLOAD_TYPE, payload), privateKeyPem);
  return JSON.stringify({
    mediaType: SIGSTORE_BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: hints[reader](createPublicKey(privateKeyPem)) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig, keyid: '' }],
    },
  });
}

const schema = z.object({
  mediaType: z.literal(SIGSTORE_BUNDLE_TYPE),
  verificationMaterial: z.object({ publicKey: z.object({ hint: z.string().optional() }).optional() }),
  dsseEnvelope: z.object({
    payload: z.base64().min(1),
    payloadType: z.literal(PAYLOAD_TYPE),
    signatures: z.array(z.object({ sig: z.base64().min(1) })).length(1),
  }),
});

/** A statement that was taken out of its envelope; nobody has looked at the signature yet. */
export interface SealedStatement {
  /** JSON. */
  readonly statement: string;
  /** Whether the envelope names one of these keys; undefined where it names none. */
  names(publicKeysPem: string): boolean | undefined;
  /**
   * Checks the signature.
   *
   * @param publicKeysPem one public key or several: a signature by any one of them is right.
   * @throws PawlError BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID.
   */
  verify(publicKeysPem: string): void;
}

/**
 * Pure: takes apart a Sigstore bundle that holds a statement. Certificates and log entries are not looked at: who signed is decided
 * by the key.
 *
 * @throws PawlError BUNDLE_SIGNATURE_INVALID for anything else.
 */
export function openStatement(text: string): SealedStatement {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    throw invalid(
      `the signature is no Sigstore bundle v0.3 with a statement (${field === '' ? 'no JSON object' : field}); expected the output of \`model_signing sign key\``,
    );
  }
  const { dsseEnvelope, verificationMaterial } = parsed.data;
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  const signature = Buffer.from(dsseEnvelope.signatures[0]?.sig ?? '', 'base64');
  const hint = verificationMaterial.publicKey?.hint ?? '';
  const signed = preAuthentication(PAYLOAD_TYPE, payload);
  return {
    statement: payload.toString('utf8'),
    names: (pem) =>
      hint === '' ? undefined : readPublicKeys(pem).some((key) => Object.values(hints).some((of) => of(key) === hint)),
    verify: (pem) => {
      const keys = readPublicKeys(pem);
      if (keys.some((key) => verify('sha256', signed, key, signature))) return;
      throw invalid(
        `the signature of the statement does not match its bytes and ${keys.length === 1 ? 'the public key' : `any of the ${keys.length} public keys`}`,
      );
    },
  };
}

/** What is signed in place of a payload, so that a signature holds for one type alone (PAE of the DSSE protocol). */
function preAuthentication(type: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

const invalid = (message: string) => new PawlError('BUNDLE_SIGNATURE_INVALID', { message });
