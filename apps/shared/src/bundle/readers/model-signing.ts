import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PawlError } from '../../errors/pawl-error.ts';
import { compareCodeUnits } from '../canonical-json.ts';
import { MANIFEST_FILE, MODEL_SIGNATURE_FILE, SIGNATURE_FILE, SIGSTORE_FILE, type Manifest } from '../manifest.ts';
import { openStatement, signStatement } from './dsse.ts';
import { parseJson } from '../parse-json.ts';

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** Predicate of the statement, which also says what it is in a registry. */
export const MODEL_SIGNATURE_PREDICATE = 'https://model_signing/signature/v1.0';

/** Signatures lie beside what they sign; Git's own files are what the reference implementation ignores by itself. */
const signatures: readonly string[] = [SIGNATURE_FILE, SIGSTORE_FILE, MODEL_SIGNATURE_FILE];
const ignored = [...signatures, '.git', '.gitattributes', '.github', '.gitignore'];

/** What a statement is about: a manifest and its digest, which fix every file. */
export interface SignedModel {
  readonly manifest: Manifest;
  /** `sha256:<hex>` of the bytes of `manifest.json`. */
  readonly digest: string;
}

/**
 * Pure but for the signature: signs a bundle as OpenSSF Model Signing 1.0 does with the method `key` (its reference implementation is
 * the PyPI package `model-signing`): an in-toto statement that lists every file with its sha256, the manifest too. Signature
 * files are ignored paths, so that the folder verifies with them in it.
 *
 * @returns the text of `model.sig`.
 * @throws PawlError BUNDLE_KEY_INVALID.
 */
export function signModel(model: SignedModel, privateKeyPem: string): string {
  const resources = resourcesOf(model);
  return signStatement(
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: [{ name: model.manifest.name, digest: { sha256: rootOf(resources) } }],
      predicateType: MODEL_SIGNATURE_PREDICATE,
      predicate: {
        serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: ignored },
        resources,
      },
    }),
    privateKeyPem,
  );
}

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');
const statementSchema = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.object({ digest: z.object({ sha256: hex }) })).length(1),
  predicateType: z.literal(MODEL_SIGNATURE_PREDICATE),
  predicate: z.object({
    serialization: z.object({ method: z.literal('files'), hash_type: z.literal('sha256') }),
    resources: z
      .array(z.object({ name: z.string().max(1000), algorithm: z.literal('sha256'), digest: hex }))
      .min(1)
      .max(2000),
  }),
});

/**
 * Pure: checks a `model.sig` against a bundle, also one that the reference implementation wrote over its folder: the signature, where a
 * key is given; that its digest is that of its lines; and that it lists every file of the bundle with the same sha256, and no
 * other one but the other forms of the signature.
 *
 * @param publicKeysPem one public key or several; undefined: who signed is not looked at.
 * @throws PawlError BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID.
 */
export function verifyModelSignature(text: string, model: SignedModel, publicKeysPem: string | undefined): void {
  const sealed = openStatement(text);
  // Before the statement is read: nothing is made of bytes that nobody vouches for.
  if (publicKeysPem !== undefined) sealed.verify(publicKeysPem);
  const parsed = statementSchema.safeParse(parseJson(sealed.statement));
  if (!parsed.success) {
    const { path = [], message = '' } = parsed.error.issues[0] ?? {};
    throw invalid(`is no statement about files by sha256 (${path.join('.')}: ${message})`);
  }
  const { subject, predicate } = parsed.data;
  if (subject[0]?.digest.sha256 !== rootOf(predicate.resources))
    throw invalid('names a digest that is not the one of its files');
  const listed = new Map(predicate.resources.map(({ name, digest }) => [name, digest]));
  if (listed.size !== predicate.resources.length) throw invalid('lists a file twice');
  for (const { name, digest } of resourcesOf(model)) {
    const found = listed.get(name);
    if (found === undefined) throw invalid(`does not list ${name}`);
    if (found !== digest) throw invalid(`lists ${name} as sha256:${found}; the bundle has sha256:${digest}`);
    listed.delete(name);
  }
  for (const name of listed.keys())
    if (!signatures.includes(name)) throw invalid(`lists ${name}, which the bundle does not have`);
}

interface Resource {
  readonly name: string;
  readonly algorithm: string;
  /** 64 hex digits. */
  readonly digest: string;
}

/** Every file of a bundle, the manifest too, in the order of the specification: by the segments of their paths. */
function resourcesOf({ manifest, digest }: SignedModel): readonly Resource[] {
  const files = [...manifest.files, { path: MANIFEST_FILE, sha256: digest }];
  return files
    .map(({ path, sha256 }) => ({ name: path, algorithm: 'sha256', digest: sha256.slice('sha256:'.length) }))
    .sort((a, b) => compareSegments(a.name.split('/'), b.name.split('/')));
}

function compareSegments(a: readonly string[], b: readonly string[]): number {
  for (const [index, segment] of a.entries()) {
    const order = compareCodeUnits(segment, b[index] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** sha256 over the bytes of all digests, in their order. */
function rootOf(resources: readonly Resource[]): string {
  const hash = createHash('sha256');
  for (const { digest } of resources) hash.update(digest, 'hex');
  return hash.digest('hex');
}

const invalid = (problem: string) =>
  new PawlError('BUNDLE_SIGNATURE_INVALID', { message: `the model signature ${problem}` });
