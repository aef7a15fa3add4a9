import { readFile, realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { PawlError } from '../errors/pawl-error.ts';
import { digestOfHandle, openRegularFile } from './digest.ts';
import { forEachLimited } from '../concurrency/for-each-limited.ts';
import { MANIFEST_FILE, SIGNATURE_FILE, SIGSTORE_FILE, type BundleFile, type Manifest } from './manifest.ts';
import { MAX_SIGNATURE_BYTES } from './signature.ts';
import { MAX_SIGSTORE_BYTES, signatureOfSigstoreBundle } from './sigstore.ts';
import { manifestInvalid, MAX_MANIFEST_BYTES, verifyManifest, type ManifestExpectations } from './verify-manifest.ts';
import { hasCode, isMissing } from '../errors/system-error.ts';

/** A bundle on this machine whose every byte was verified when it was opened. */
export interface Bundle {
  /** Absolute path of its folder. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** `sha256:<hex>` of `manifest.json`: the identity of the bundle. */
  readonly digest: string;
  /** Absolute path of a file that the manifest lists; throws BUNDLE_FILE_MISSING for any other. */
  path(file: string): string;
}

/** What {@link openBundle} checks beside the files. */
export interface OpenOptions extends ManifestExpectations {
  readonly signal?: AbortSignal | undefined;
}

/** Files hashed at once; hashing is bound by this thread, so more only overlaps the disk. */
const FILES_AT_ONCE = 4;

/**
 * Opens a bundle in a folder: checks the manifest's digest, its signature (required when a public key is given), its
 * schema, then size and sha256 of every file it lists. Symbolic links are followed only inside the folder. Files that
 * the manifest does not list are ignored, and cannot be reached through the result.
 *
 * @throws PawlError BUNDLE_NOT_FOUND, BUNDLE_ACCESS_DENIED, BUNDLE_MANIFEST_INVALID, BUNDLE_FILE_MISSING,
 * BUNDLE_DIGEST_MISMATCH, BUNDLE_SIGNATURE_MISSING, BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID; the reason of
 * `signal`.
 */
export async function openBundle(directory: string, options: OpenOptions = {}): Promise<Bundle> {
  const root = resolve(directory);
  const realRoot = await realpath(root).catch((cause: unknown) => {
    throw noManifest(cause);
  });
  const bytes = await readSmall(realRoot, MANIFEST_FILE, MAX_MANIFEST_BYTES).catch((error: unknown) => {
    throw isMissing(error) ? noManifest(error) : error;
  });
  const signature = options.publicKeyPem === undefined ? undefined : await readSignature(realRoot);
  const { manifest, digest } = verifyManifest(bytes, signature, options);
  await forEachLimited(
    manifest.files,
    FILES_AT_ONCE,
    (file, signal) => verifyFile(realRoot, file, signal),
    options.signal,
  );
  return bundleAt(root, manifest, digest);
}

/** The bundle that lies verified in a folder; verifies nothing itself. */
export function bundleAt(directory: string, manifest: Manifest, digest: string): Bundle {
  const listed = new Set(manifest.files.map((file) => file.path));
  return {
    directory,
    manifest,
    digest,
    path: (file) => {
      if (listed.has(file)) return join(directory, file);
      throw new PawlError('BUNDLE_FILE_MISSING', { message: `the manifest does not list a file ${file}` });
    },
  };
}

/**
 * The signature beside a manifest: `manifest.json.sig` as it is; where only a Sigstore bundle lies there, as cosign 3 writes
 * it, the plain signature in it. Undefined where there is neither.
 */
export async function readSignature(directory: string): Promise<Uint8Array | undefined> {
  const plain = await readOptional(directory, SIGNATURE_FILE, MAX_SIGNATURE_BYTES);
  if (plain !== undefined) return plain;
  const sigstore = await readSigstoreFile(directory);
  return sigstore === undefined ? undefined : Buffer.from(signatureOfSigstoreBundle(sigstore));
}

/** The Sigstore bundle beside a manifest; undefined where there is none. */
export async function readSigstoreFile(directory: string): Promise<string | undefined> {
  const bytes = await readOptional(directory, SIGSTORE_FILE, MAX_SIGSTORE_BYTES);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

async function readOptional(directory: string, file: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readSmall(await realpath(directory), file, maxBytes);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function readSmall(realRoot: string, file: string, maxBytes: number): Promise<Uint8Array> {
  await using handle = await openInside(realRoot, file);
  const { size } = await handle.stat();
  if (size > maxBytes && file === MANIFEST_FILE)
    throw manifestInvalid(`has ${size} bytes; expected at most ${maxBytes}`);
  if (size > maxBytes)
    throw new PawlError('BUNDLE_SIGNATURE_INVALID', {
      message: `${file} has ${size} bytes; expected at most ${maxBytes}`,
    });
  return await readFile(handle);
}

async function verifyFile(realRoot: string, expected: BundleFile, signal: AbortSignal): Promise<void> {
  await using handle = await openInside(realRoot, expected.path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new PawlError('BUNDLE_FILE_MISSING', { message: `${expected.path} is missing`, cause: error });
  });
  const { size } = await handle.stat();
  if (size !== expected.size)
    throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
      message: `${expected.path} has ${size} bytes; expected ${expected.size}`,
    });
  const actual = await digestOfHandle(handle, signal);
  if (actual.digest !== expected.sha256)
    throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
      message: `${expected.path} is ${actual.digest}; expected ${expected.sha256}`,
    });
}

/** Opens a file of the bundle after resolving links, so that what is read is what was judged. */
async function openInside(realRoot: string, file: string) {
  try {
    const real = await realpath(join(realRoot, file));
    if (!real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep))
      throw new PawlError('BUNDLE_FILE_MISSING', {
        message: `${file} is a symbolic link that leaves the bundle; expected a file inside it`,
      });
    return await openRegularFile(real);
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM'))
      throw new PawlError('BUNDLE_ACCESS_DENIED', {
        message: `${file} may not be read by this user`,
        hint: 'Check the owner and mode of the bundle folder, or fsGroup of the pod.',
        cause: error,
      });
    if (hasCode(error, 'EINVAL', 'ELOOP', 'ENXIO'))
      throw new PawlError('BUNDLE_FILE_MISSING', { message: `${file} is not a regular file`, cause: error });
    throw error;
  }
}

const noManifest = (cause: unknown) =>
  new PawlError('BUNDLE_NOT_FOUND', { message: `the bundle folder holds no ${MANIFEST_FILE}`, cause });
