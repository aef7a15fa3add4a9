import { z } from 'zod';
import { PawlError } from '../../errors/pawl-error.ts';
import { openStatement, signStatement } from './dsse.ts';
import { parseJson } from '../parse-json.ts';

/** Predicate of a statement that says no more than that somebody vouches for an image, as cosign 3 writes it. */
export const IMAGE_SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/**
 * Signs an image by its digest as `cosign sign --key` does, which `cosign verify` and admission controllers ask for.
 *
 * @param imageDigest `sha256:<hex>`.
 * @returns a Sigstore bundle.
 * @throws PawlError BUNDLE_KEY_INVALID.
 */
export function signImage(imageDigest: string, privateKeyPem: string): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: imageDigest.slice('sha256:'.length) }, annotations: {} }],
    predicateType: IMAGE_SIGNATURE_PREDICATE,
    predicate: {},
  };
  return signStatement(JSON.stringify(statement), privateKeyPem, 'cosign');
}

const schema = z.object({
  predicateType: z.literal(IMAGE_SIGNATURE_PREDICATE),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })).length(1),
});

/**
 * Pure: checks a signature of an image, ours or cosign's.
 *
 * @param publicKeysPem one public key or several; undefined: who signed is not looked at.
 * @throws PawlError BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID.
 */
export function verifyImageSignature(text: string, imageDigest: string, publicKeysPem: string | undefined): void {
  const sealed = openStatement(text);
  if (publicKeysPem !== undefined) sealed.verify(publicKeysPem);
  const parsed = schema.safeParse(parseJson(sealed.statement));
  if (!parsed.success) throw invalid('is no statement about one image');
  const found = parsed.data.subject[0]?.digest.sha256 ?? '';
  if (`sha256:${found}` !== imageDigest) throw invalid(`is of the image sha256:${found}; expected ${imageDigest}`);
}

const invalid = (problem: string) =>
  new PawlError('BUNDLE_SIGNATURE_INVALID', { message: `the signature of the image ${problem}` });
