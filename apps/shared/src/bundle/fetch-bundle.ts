import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemClock } from '../concurrency/clock.ts';
import { startDeadline } from '../concurrency/deadline.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { parseBundleUri } from './bundle-uri.ts';
import { forEachLimited } from '../concurrency/for-each-limited.ts';
import { installFolder, targetError } from './install-directory.ts';
import { MANIFEST_FILE, SIGNATURE_FILE, sizeOfFiles, type BundleFile } from './manifest.ts';
import { bundleAt, openBundle, type Bundle } from './open-bundle.ts';
import { makePartialFolder, type PartialFolder } from './partial-folder.ts';
import { defaultRetryPolicy, systemRetryClock, type RetryClock, type RetryPolicy } from '../concurrency/retry.ts';
import { Semaphore } from '../concurrency/semaphore.ts';
import { MAX_SIGNATURE_BYTES } from './signature.ts';
import { openStore, type StoreOptions } from './stores/store-table.ts';
import type { BundleStore, StoreArchive } from './stores/store.ts';
import { fetchFile, readSmallFile, type TransferPolicy } from './transfer.ts';
import { manifestInvalid, MAX_MANIFEST_BYTES, verifyManifest, type VerifiedManifest } from './verify-manifest.ts';

/** How a bundle is fetched. */
export interface FetchOptions extends StoreOptions {
  /** Folder that the bundle becomes; beside it, `<directory>.partial-...` are used while fetching. */
  readonly directory: string;
  /** `sha256:<hex>` that the bundle must have. Without it, whatever the address holds now is fetched. */
  readonly digest?: string | undefined;
  /** PEM; when given, the bundle must be signed by its private half. */
  readonly publicKeyPem?: string | undefined;
  /** Bytes; most that the bundle's files may have together. */
  readonly maxBytes: number;
  /** Milliseconds for everything, further attempts included. */
  readonly timeoutMs: number;
  /** Milliseconds without any byte after which one connection counts as broken; default 15 000. */
  readonly idleTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For a bundle that is opened in place, see `OpenOptions`; a fetched one is verified whole. */
  readonly verifyModelWhenRead?: boolean | undefined;
  /** Default {@link defaultRetryPolicy}. */
  readonly retry?: RetryPolicy | undefined;
  readonly clock?: RetryClock | undefined;
}

/** Files fetched at once from stores that keep single files. */
const FILES_AT_ONCE = 4;

/** Fetches under way in this process, by target: the next one of the same target waits, then finds it done. */
const underWay = new Map<string, Semaphore>();

/**
 * Opens the bundle of an address: a `file://` bundle in place, without copying (its folder must then stay as it is, as
 * a read-only volume does); any other is fetched to `directory` first. Either way the result is verified.
 */
export async function resolveBundle(uri: string, options: FetchOptions): Promise<Bundle> {
  const location = parseBundleUri(uri, options);
  if (location.kind !== 'file') return await fetchBundle(uri, options);
  return await openBundle(location.directory, options);
}

/**
 * Fetches a bundle to a folder. The manifest comes first; its digest and signature are checked before anything else is
 * asked for. Files are size-capped, resumed where an earlier fetch broke off, and verified before the folder becomes
 * visible by one rename. A target that already holds the wanted, verified bundle is returned as it is (without any
 * request, if `digest` is given). Safe against concurrent fetches to the same target, from any process.
 *
 * @throws PawlError BUNDLE_URI_INVALID, BUNDLE_NOT_FOUND, BUNDLE_ACCESS_DENIED, BUNDLE_STORE_UNREACHABLE (also when
 * `timeoutMs` is over), BUNDLE_STORE_REFUSED, BUNDLE_STORE_UNTRUSTED, BUNDLE_TOKEN_REALM_REFUSED, BUNDLE_IMAGE_INVALID,
 * BUNDLE_TOO_LARGE, BUNDLE_TARGET_INVALID, and those of {@link openBundle}; the reason of `signal`.
 */
export async function fetchBundle(uri: string, options: FetchOptions): Promise<Bundle> {
  const location = parseBundleUri(uri, options);
  const target = resolve(options.directory);
  const notInTime = () =>
    new PawlError('BUNDLE_STORE_UNREACHABLE', {
      message: `${location.display} was not fetched within ${options.timeoutMs} ms`,
    });
  const deadline = startDeadline(systemClock, { ms: options.timeoutMs, reason: notInTime }, options.signal);
  const policy: TransferPolicy = {
    retry: options.retry ?? defaultRetryPolicy,
    clock: options.clock ?? systemRetryClock,
    idleTimeoutMs: options.idleTimeoutMs ?? 15_000,
    signal: deadline.signal,
  };
  try {
    return await inTurn(target, policy.signal, async () => {
      const present = options.digest === undefined ? undefined : await tryOpen(target, options, policy.signal);
      if (present !== undefined) return present;
      const store = await openStore(location, options);
      try {
        return await fetchFrom(store, target, options, policy);
      } finally {
        store.close();
      }
    });
  } finally {
    deadline.done();
  }
}

async function fetchFrom(
  store: BundleStore,
  target: string,
  options: FetchOptions,
  policy: TransferPolicy,
): Promise<Bundle> {
  const manifestBytes = await readSmallFile(
    (read) => store.read(MANIFEST_FILE, read),
    {
      name: MANIFEST_FILE,
      maxBytes: MAX_MANIFEST_BYTES,
      tooLarge: () => manifestInvalid(`has more than ${MAX_MANIFEST_BYTES} bytes, the most that is read`),
    },
    policy,
  );
  const signature = await readStoredSignature(store, options.publicKeyPem !== undefined, policy);
  const verified = verifyManifest(manifestBytes, signature, options);
  requireSize(verified.manifest.files, options.maxBytes);
  const wanted = { digest: verified.digest, publicKeyPem: options.publicKeyPem };
  const present = await tryOpen(target, wanted, policy.signal);
  if (present !== undefined) return present;

  const names = verified.manifest.files.map((file) => file.path);
  const partial = await makePartialFolder(target, verified.digest, names);
  let keep = false;
  try {
    await fetchFiles(store, verified, partial, policy);
    if (signature !== undefined) await writeFile(join(partial.files, SIGNATURE_FILE), signature).catch(rethrowTarget);
    await writeFile(join(partial.files, MANIFEST_FILE), manifestBytes).catch(rethrowTarget);
    // From the disk once more: what becomes visible is what was verified, not what was meant to be written.
    await openBundle(partial.files, { ...wanted, signal: policy.signal });
    const same = async () => (await tryOpen(target, wanted, policy.signal)) !== undefined;
    await installFolder(partial.files, target, same);
    return bundleAt(target, verified.manifest, verified.digest);
  } catch (error) {
    // Bytes are worth keeping when the same fetch may succeed later: after a broken connection, or when it was aborted.
    keep = policy.signal.aborted || (error instanceof PawlError && error.transient);
    throw error;
  } finally {
    await partial.close(keep);
  }
}

async function fetchFiles(
  store: BundleStore,
  { manifest, digest }: VerifiedManifest,
  partial: PartialFolder,
  policy: TransferPolicy,
): Promise<void> {
  if (store.archive === undefined) {
    await forEachLimited(
      manifest.files,
      FILES_AT_ONCE,
      async ({ path, size, sha256 }, signal) => {
        const expected = { name: path, size, sha256 };
        const read = (options: Parameters<BundleStore['read']>[1]) => store.read(path, options);
        await fetchFile(read, expected, join(partial.files, path), { ...policy, signal }).catch(fileMissing(path));
      },
      policy.signal,
    );
    return;
  }
  const archive = await store.archive({ signal: policy.signal });
  requireArchiveSize(archive, manifest.files);
  const expected = { name: 'the layer of the image', size: archive.size, sha256: archive.digest };
  await fetchFile((options) => archive.read(options), expected, partial.archive, policy);
  const { extractLayer } = await import('./oci-layer.ts');
  await extractLayer(partial.archive, partial.files, { manifest, digest }, archive.compression, policy.signal);
}

/** The signature belongs to the bundle, so it is fetched even where no key is configured; without a key it may lack. */
async function readStoredSignature(
  store: BundleStore,
  required: boolean,
  policy: TransferPolicy,
): Promise<Buffer | undefined> {
  const problem = `${SIGNATURE_FILE} has more than ${MAX_SIGNATURE_BYTES} bytes, the most that is read`;
  try {
    return await readSmallFile(
      (read) => store.read(SIGNATURE_FILE, read),
      {
        name: SIGNATURE_FILE,
        maxBytes: MAX_SIGNATURE_BYTES,
        tooLarge: () => new PawlError('BUNDLE_SIGNATURE_INVALID', { message: problem }),
      },
      policy,
    );
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    if (error.code === 'BUNDLE_NOT_FOUND') return undefined;
    // Some stores answer 403 for what does not exist, to those who may not list.
    if (!required && error.code === 'BUNDLE_ACCESS_DENIED') return undefined;
    throw error;
  }
}

/**
 * Pure: the total of the files against the caller's limit.
 *
 * @throws PawlError BUNDLE_TOO_LARGE.
 */
export function requireSize(files: readonly BundleFile[], maxBytes: number): void {
  const total = sizeOfFiles(files);
  if (total > maxBytes)
    throw new PawlError('BUNDLE_TOO_LARGE', {
      message: `the bundle has ${total} bytes; expected at most ${maxBytes}`,
    });
}

/**
 * An archive of the listed files has their bytes, headers of at most 4 KiB for each, and the manifest with signature.
 */
function requireArchiveSize(archive: StoreArchive, files: readonly BundleFile[]): void {
  const most = files.reduce((sum, file) => sum + file.size + 4096, 2 * MAX_MANIFEST_BYTES);
  if (archive.size > most)
    throw new PawlError('BUNDLE_TOO_LARGE', {
      message: `the layer of the image has ${archive.size} bytes; the files of its manifest explain at most ${most}`,
    });
}

async function tryOpen(
  directory: string,
  expected: { readonly digest?: string | undefined; readonly publicKeyPem?: string | undefined },
  signal: AbortSignal,
): Promise<Bundle | undefined> {
  const { digest, publicKeyPem } = expected;
  return await openBundle(directory, { digest, publicKeyPem, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof PawlError && error.code !== 'BUNDLE_KEY_INVALID') return undefined;
    throw error;
  });
}

/** Runs after the other fetches of this target in this process; a failure of theirs is theirs. */
async function inTurn<Result>(target: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  const turns = underWay.get(target) ?? new Semaphore(1);
  underWay.set(target, turns);
  try {
    return await turns.run(work, signal);
  } finally {
    if (turns.isIdle) underWay.delete(target);
  }
}

/** A listed file that the store lacks is a damaged bundle, not a wrong address. */
function fileMissing(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof PawlError && error.code === 'BUNDLE_NOT_FOUND')
      throw new PawlError('BUNDLE_FILE_MISSING', { message: `${path} is listed but not stored`, cause: error });
    throw error;
  };
}

function rethrowTarget(cause: unknown): never {
  throw targetError(cause);
}
