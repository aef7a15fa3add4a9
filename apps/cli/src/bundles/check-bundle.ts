import { join } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { digestOfFile } from '@pawl/shared/bundle/digest';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { verifyManifest } from '@pawl/shared/bundle/verify-manifest';
import { codeOf } from '@pawl/shared/errors/system-error';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../terminal/context.ts';
import { bytes, count } from '../terminal/text.ts';
import { checkBeside } from './check-beside.ts';
import type { VerificationStep } from './verification-step.ts';
import { readStoredManifest, withBundle, type Demands, type StoredManifest } from './read-bundle.ts';

/** What the check of a bundle found. */
export interface BundleCheck {
  readonly checks: readonly VerificationStep[];
  /** Undefined when the manifest could not be used. */
  readonly manifest?: Manifest | undefined;
  readonly digest?: string | undefined;
  /** The first thing that is wrong; undefined: nothing is. */
  readonly problem?: PawlError | undefined;
}

/** Codes that speak of the bundle; any other error speaks of the store. */
const OF_THE_BUNDLE: readonly string[] = [
  'BUNDLE_MANIFEST_INVALID',
  'BUNDLE_FILE_MISSING',
  'BUNDLE_DIGEST_MISMATCH',
  'BUNDLE_SIGNATURE_MISSING',
  'BUNDLE_SIGNATURE_INVALID',
  'BUNDLE_TOO_LARGE',
  'MODEL_EXTERNAL_DATA',
] satisfies PawlError['code'][];

/**
 * Checks a bundle where it is stored: manifest, digest, signature, then every file. Files are looked at only when somebody
 * vouches for the manifest as far as that was asked for.
 *
 * @throws PawlError of the store, and BUNDLE_KEY_INVALID; what is wrong with the bundle is in the result.
 */
export async function checkBundle(context: Context, uri: string, demands: Demands): Promise<BundleCheck> {
  let stored: StoredManifest;
  try {
    stored = await readStoredManifest(context, uri);
  } catch (error) {
    const problem = ofTheBundle(error);
    return { checks: [{ subject: 'manifest', outcome: 'fail', detail: problem.message }], problem };
  }
  const { manifest, digest } = stored;
  const { name, version, files } = manifest;
  const head: readonly (readonly [VerificationStep, PawlError?])[] = [
    [pass('manifest', `${name} ${version}, ${count(files.length, 'file')}`)],
    checkDigest(digest, demands),
    checkSignature(stored, demands),
  ];
  const checks = head.map(([check]) => check);
  const problem = head.find(([, error]) => error !== undefined)?.[1];
  if (problem !== undefined)
    return { checks: [...checks, skipped('files', 'not looked at')], manifest, digest, problem };
  const found = await checkFiles(context, uri, { digest }, manifest);
  const beside = await checkBeside(context, uri, stored, demands);
  const all = [...checks, ...found.checks, ...beside.checks];
  return { checks: all, manifest, digest, problem: found.problem ?? beside.problem };
}

function checkDigest(digest: string, demands: Demands): readonly [VerificationStep, PawlError?] {
  if (demands.digest === undefined) return [pass('digest', digest)];
  if (demands.digest === digest) return [pass('digest', `${digest}, as asked for`)];
  const message = `the bundle is ${digest}; expected ${demands.digest}`;
  return [fail('digest', message), new PawlError('BUNDLE_DIGEST_MISMATCH', { message })];
}

function checkSignature(stored: StoredManifest, { publicKeyPem }: Demands): readonly [VerificationStep, PawlError?] {
  if (publicKeyPem === undefined)
    return [skipped('signature', stored.signature === undefined ? 'none' : 'there is one; --key PUBLIC.pem checks it')];
  try {
    verifyManifest(stored.manifestBytes, stored.signature, { publicKeyPem });
    return [pass('signature', 'by the given key')];
  } catch (error) {
    const problem = ofTheBundle(error);
    return [fail('signature', problem.message), problem];
  }
}

async function checkFiles(
  context: Context,
  uri: string,
  demands: Demands,
  manifest: Manifest,
): Promise<{ readonly checks: readonly VerificationStep[]; readonly problem?: PawlError }> {
  try {
    await withBundle(context, uri, demands, () => Promise.resolve());
    return { checks: manifest.files.map(({ path, size }) => pass(path, bytes(size))) };
  } catch (error) {
    const problem = ofTheBundle(error);
    const location = parseBundleUri(uri);
    if (location.kind !== 'file') return { checks: [fail('files', problem.message)], problem };
    const checks = await Promise.all(manifest.files.map((file) => checkLocalFile(context, location.directory, file)));
    // What is refused though its bytes are right: a link that leaves the bundle, or weights outside of it.
    const all = checks.some(({ outcome }) => outcome === 'fail') ? checks : [...checks, fail('files', problem.message)];
    return { checks: all, problem };
  }
}

async function checkLocalFile(
  context: Context,
  directory: string,
  file: Manifest['files'][number],
): Promise<VerificationStep> {
  try {
    const { size, digest } = await digestOfFile(join(directory, file.path), context.signal);
    if (size !== file.size) return fail(file.path, `has ${size} bytes; expected ${file.size}`);
    if (digest !== file.sha256) return fail(file.path, `is ${digest}; expected ${file.sha256}`);
    return pass(file.path, bytes(size));
  } catch (error) {
    context.signal.throwIfAborted();
    const code = codeOf(error);
    return fail(file.path, code === 'ENOENT' ? 'is missing' : `cannot be read (${code ?? 'unknown'})`);
  }
}

function ofTheBundle(error: unknown): PawlError {
  if (error instanceof PawlError && OF_THE_BUNDLE.includes(error.code)) return error;
  throw error;
}

const pass = (subject: string, detail: string): VerificationStep => ({ subject, outcome: 'pass', detail });
const fail = (subject: string, detail: string): VerificationStep => ({ subject, outcome: 'fail', detail });
const skipped = (subject: string, detail: string): VerificationStep => ({ subject, outcome: 'skipped', detail });
