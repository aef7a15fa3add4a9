import { readFile, realpath, type FileHandle } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { PawlError } from '../errors/pawl-error.ts';
import { chunksInto, chunksOf, createDigester, openRegularFile } from './digest.ts';
import { forEachLimited } from '../concurrency/for-each-limited.ts';
import { externalData, GraphScanner } from './graph-scanner.ts';
import {
  graphsOf,
  MANIFEST_FILE,
  MODEL_SIGNATURE_FILE,
  SIGNATURE_FILE,
  SIGSTORE_FILE,
  type BundleFile,
  type Manifest,
} from './manifest.ts';
import { MAX_STATEMENT_BYTES } from './readers/dsse.ts';
import { MAX_SIGNATURE_BYTES } from './signature.ts';
import { MAX_SIGSTORE_BYTES, signatureOfSigstoreBundle } from './sigstore.ts';
import { manifestInvalid, MAX_MANIFEST_BYTES, verifyManifest, type ManifestExpectations } from './verify-manifest.ts';
import { codeOf, hasCode, isMissing } from '../errors/system-error.ts';

/**
 * A bundle on this machine whose every byte was verified when it was opened. The folder may have changed since: what is
 * going to be trusted comes from {@link Bundle.read}.
 */
export interface Bundle {
  /** Absolute path of its folder. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** `sha256:<hex>` of `manifest.json`: the identity of the bundle. */
  readonly digest: string;
  /** Absolute path of a file that the manifest lists, to show or to copy; throws BUNDLE_FILE_MISSING for any other. */
  path(file: string): string;
  /**
   * Reads a file that the manifest lists, once, and compares these very bytes with the manifest.
   *
   * @throws PawlError BUNDLE_FILE_MISSING for a file that is not listed, BUNDLE_DIGEST_MISMATCH, BUNDLE_ACCESS_DENIED;
   * BUNDLE_STORE_UNREACHABLE, which may pass, where it cannot be read now; the reason of `signal`.
   */
  read(file: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** {@link Bundle.read} into memory that worker threads share, so that a large file is there once. */
  readShared(file: string, signal?: AbortSignal): Promise<Uint8Array<SharedArrayBuffer>>;
}

/** What {@link openBundle} checks beside the files. */
export interface OpenOptions extends ManifestExpectations {
  readonly signal?: AbortSignal | undefined;
  /**
   * Leaves the digests of the graphs to {@link Bundle.read}: only that the files are there, with the right size, is
   * checked. For a caller that loads the graphs anyway, so that they are read once.
   */
  readonly verifyModelWhenRead?: boolean | undefined;
}

/** Files hashed at once; hashing is bound by this thread, so more only overlaps the disk. */
const FILES_AT_ONCE = 4;

/**
 * Opens a bundle in a folder: checks the manifest's digest, its signature (required when a public key is given), its
 * schema, then size and sha256 of every file it lists, and that no graph keeps weights outside its file. Symbolic
 * links are followed only inside the folder. Files that the manifest does not list are ignored, and cannot be reached
 * through the result.
 *
 * @throws PawlError BUNDLE_NOT_FOUND, BUNDLE_ACCESS_DENIED, BUNDLE_MANIFEST_INVALID, BUNDLE_FILE_MISSING,
 * BUNDLE_DIGEST_MISMATCH, BUNDLE_SIGNATURE_MISSING, BUNDLE_SIGNATURE_INVALID, BUNDLE_KEY_INVALID, MODEL_EXTERNAL_DATA;
 * BUNDLE_STORE_UNREACHABLE where a file cannot be read for a reason that may pass; the reason of `signal`.
 */
export async function openBundle(directory: string, options: OpenOptions = {}): Promise<Bundle> {
  const root = resolve(directory);
  const realRoot = await realpath(root).catch((cause: unknown) => {
    throw noManifest(cause);
  });
  const bytes = await readSmall(realRoot, MANIFEST_FILE, MAX_MANIFEST_BYTES).catch((error: unknown) => {
    throw isMissing(error) ? noManifest(error) : readFailure(error, MANIFEST_FILE);
  });
  const signature = options.publicKeyPem === undefined ? undefined : await readSignature(realRoot);
  const { manifest, digest } = verifyManifest(bytes, signature, options);
  await forEachLimited(
    manifest.files,
    FILES_AT_ONCE,
    async (file, signal) => {
      const isModel = graphsOf(manifest).includes(file.path);
      if (isModel && options.verifyModelWhenRead === true) await verifySize(realRoot, file);
      else await verifyFile(realRoot, file, isModel ? new GraphScanner() : undefined, signal);
    },
    options.signal,
  );
  return bundleAt(root, manifest, digest);
}

/** The bundle that lies verified in a folder; verifies nothing itself. */
export function bundleAt(directory: string, manifest: Manifest, digest: string): Bundle {
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  const require = (path: string): BundleFile => {
    const file = listed.get(path);
    if (file !== undefined) return file;
    throw new PawlError('BUNDLE_FILE_MISSING', { message: `the manifest does not list a file ${path}` });
  };
  return {
    directory,
    manifest,
    digest,
    path: (file) => join(directory, require(file).path),
    read: async (file, signal) => await readVerified(directory, require(file), (size) => new ArrayBuffer(size), signal),
    readShared: async (file, signal) =>
      await readVerified(directory, require(file), (size) => new SharedArrayBuffer(size), signal),
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

/** The OpenSSF model signature beside a manifest; undefined where there is none. */
export async function readModelSignature(directory: string): Promise<string | undefined> {
  const bytes = await readOptional(directory, MODEL_SIGNATURE_FILE, MAX_STATEMENT_BYTES);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

async function readOptional(directory: string, file: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readSmall(await realpath(directory), file, maxBytes);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw readFailure(error, file);
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

/** @throws PawlError as {@link openBundle} does. */
async function verifySize(realRoot: string, expected: BundleFile): Promise<void> {
  await (await openListed(realRoot, expected)).close();
}

/** @param scanner looks at the bytes that are hashed, where they are a model's. */
async function verifyFile(
  realRoot: string,
  expected: BundleFile,
  scanner: GraphScanner | undefined,
  signal: AbortSignal,
): Promise<void> {
  await using handle = await openListed(realRoot, expected);
  const digester = createDigester();
  try {
    for await (const chunk of chunksOf(handle, signal)) {
      digester.update(chunk);
      scanner?.update(chunk);
    }
  } catch (error) {
    throw readFailure(error, expected.path);
  }
  requireDigest(digester.digest(), expected);
  if (scanner?.finish() === 'external-data') throw externalData(expected.path);
}

async function readVerified<Memory extends ArrayBufferLike>(
  directory: string,
  expected: BundleFile,
  allocate: (size: number) => Memory,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<Memory>> {
  try {
    await using handle = await openInside(await realpath(directory), expected.path);
    requireSize((await handle.stat()).size, expected);
    const bytes = new Uint8Array(allocate(expected.size));
    const digester = createDigester();
    for await (const chunk of chunksInto(bytes, handle, signal)) digester.update(chunk);
    requireDigest(digester.digest(), expected);
    return bytes;
  } catch (error) {
    throw readFailure(error, expected.path);
  }
}

/** A listed file of the listed size, opened. */
async function openListed(realRoot: string, expected: BundleFile): Promise<FileHandle> {
  const handle = await openInside(realRoot, expected.path).catch((error: unknown) => {
    if (!isMissing(error)) throw readFailure(error, expected.path);
    throw new PawlError('BUNDLE_FILE_MISSING', { message: `${expected.path} is missing`, cause: error });
  });
  try {
    requireSize((await handle.stat()).size, expected);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function requireSize(size: number, expected: BundleFile): void {
  if (size === expected.size) return;
  throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
    message: `${expected.path} has ${size} bytes; expected ${expected.size}`,
  });
}

function requireDigest(digest: string, expected: BundleFile): void {
  if (digest === expected.sha256) return;
  throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
    message: `${expected.path} is ${digest}; expected ${expected.sha256}`,
  });
}

/**
 * A failure of the file system as one of the bundle's store. A file that is there and cannot be read (EIO, ESTALE), or that
 * was there when the bundle was opened, is a problem of its volume, which may pass. Any other error is passed on.
 */
function readFailure(error: unknown, file: string): unknown {
  const code = codeOf(error);
  if (error instanceof PawlError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  return new PawlError('BUNDLE_STORE_UNREACHABLE', {
    message: `${file} of the bundle cannot be read (${code}).`,
    hint: 'Check the volume that holds the bundle; it is tried again.',
    cause: error,
  });
}

/** Opens a file of the bundle after resolving links, so that what is read is what was judged. */
async function openInside(realRoot: string, file: string): Promise<FileHandle> {
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
