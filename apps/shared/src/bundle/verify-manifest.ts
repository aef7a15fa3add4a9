import { PawlError } from '../errors/pawl-error.ts';
import { digestOfBytes } from './digest.ts';
import { MANIFEST_FILE, manifestSchema, SIGNATURE_FILE, type Manifest, type ManifestDraft } from './manifest.ts';
import { verifyManifestSignature } from './signature.ts';

/** Largest manifest that is read, bytes. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

/** What a manifest must satisfy beside the schema. */
export interface ManifestExpectations {
  /** `sha256:<hex>` of the bundle that was asked for. */
  readonly digest?: string | undefined;
  /** One public key or several in PEM; when given, a signature by the private half of one of them is required. */
  readonly publicKeyPem?: string | undefined;
}

/** A manifest that met its expectations. */
export interface VerifiedManifest {
  readonly manifest: Manifest;
  /** `sha256:<hex>` of its bytes: the identity of the bundle. */
  readonly digest: string;
}

/**
 * Decides about the bytes of a `manifest.json` and of its signature (`undefined`: there is none). Digest and signature
 * come before parsing, so that nothing is made of bytes that nobody vouches for.
 *
 * @throws PawlError BUNDLE_DIGEST_MISMATCH, BUNDLE_SIGNATURE_MISSING, BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID,
 * BUNDLE_MANIFEST_INVALID.
 */
export function verifyManifest(
  bytes: Uint8Array,
  signature: Uint8Array | undefined,
  expected: ManifestExpectations,
): VerifiedManifest {
  const digest = digestOfBytes(bytes);
  if (expected.digest !== undefined && expected.digest !== digest)
    throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
      message: `the bundle is ${digest}; expected ${expected.digest}`,
    });
  if (expected.publicKeyPem !== undefined) {
    if (signature === undefined)
      throw new PawlError('BUNDLE_SIGNATURE_MISSING', {
        message: `the bundle has no ${SIGNATURE_FILE}; a public key is configured, so it must be signed`,
      });
    verifyManifestSignature(bytes, signature, expected.publicKeyPem);
  }
  return { manifest: parseManifest(bytes), digest };
}

/**
 * Parses and validates the bytes of a `manifest.json`.
 *
 * @throws PawlError BUNDLE_MANIFEST_INVALID; the message names every offending field by its path (up to five).
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw manifestInvalid(`has more than ${String(MAX_MANIFEST_BYTES)} bytes, the most that is read`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw manifestInvalid('is not JSON in UTF-8', cause);
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw fieldsInvalid(parsed.error.issues);
}

/**
 * Judges the fields that are known before the golden images are: what is said wrongly is said before any long work.
 *
 * @throws PawlError BUNDLE_MANIFEST_INVALID, as {@link parseManifest}.
 */
export function checkDraft(draft: Omit<ManifestDraft, 'golden' | 'output'>, tolerance: number): void {
  const issues = manifestSchema.safeParse({ ...draft, golden: { tolerance, images: [] } }).error?.issues ?? [];
  const early = issues.filter(
    ({ path: [field, within] }) =>
      typeof field === 'string' && (field in draft || (field === 'golden' && within === 'tolerance')),
  );
  if (early.length > 0) throw fieldsInvalid(early);
}

function fieldsInvalid(issues: readonly { readonly path: PropertyKey[]; readonly message: string }[]): PawlError {
  const found = issues.map(({ path, message }) => `${fieldPath(path)}: ${message}`);
  const rest = found.length > 5 ? `; and ${found.length - 5} more` : '';
  return manifestInvalid(`is not valid: ${found.slice(0, 5).join('; ')}${rest}`);
}

/** `['golden','images',0,'file']` -> `golden.images[0].file`. */
function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(top level)';
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : (at > 0 ? '.' : '') + String(key))).join('');
}

/** The error for a manifest that cannot be used; `problem` continues the sentence "manifest.json ...". */
export function manifestInvalid(problem: string, cause?: unknown): PawlError {
  return new PawlError('BUNDLE_MANIFEST_INVALID', { message: `${MANIFEST_FILE} ${problem}`, cause });
}
