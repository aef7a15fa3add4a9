import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline, Readable, Transform } from 'node:stream';
import { PawlError } from '../errors/pawl-error.ts';
import { addressInvalid, parseBundleUri } from './bundle-uri.ts';
import { digestOfBytes, digestOfFile, isDigest } from './digest.ts';
import { installFolder, makeFolderBeside, targetError } from './install-directory.ts';
import { MANIFEST_FILE, MODEL_SIGNATURE_FILE, SIGNATURE_FILE, SIGSTORE_FILE } from './manifest.ts';
import { openBundle, readModelSignature, readSignature, readSigstoreFile, type Bundle } from './open-bundle.ts';
import { describeImage } from './oci-image.ts';
import { defaultRetryPolicy, systemRetryClock } from '../concurrency/retry.ts';
import { callStore, DEFAULT_CALL_TIMEOUT_MS, type Call, type CallOptions } from './stores/call-store.ts';
import type { FileLocation } from './stores/file.ts';
import type { OciLocation } from './stores/oci-location.ts';
import { listSchemes, openWritableStore, type BundleLocation, type StoreOptions } from './stores/store-table.ts';
import type { StoreFile, WritableStore } from './stores/store.ts';
import { readSmallFile } from './transfer.ts';
import { manifestInvalid, MAX_MANIFEST_BYTES } from './verify-manifest.ts';

/** How a bundle is published. */
export interface PublishOptions extends StoreOptions, CallOptions {
  /** PEM; when given, a bundle that is not signed by its private half is not published. */
  readonly publicKeyPem?: string | undefined;
  /** Told of bytes on their way: how many of the files' bytes were handed to the store so far; less after a failed attempt. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

/** What was published. */
export interface Published {
  /** The address without secrets; for oci:// it names the image by its digest. */
  readonly uri: string;
  /** `sha256:<hex>` of the bundle. */
  readonly digest: string;
  /** oci:// only: `sha256:<hex>` of the image. */
  readonly imageDigest?: string | undefined;
}

/**
 * Publishes a bundle folder to the address of a store that takes bundles, after verifying it. Publishing the same bundle
 * again changes nothing. The manifest (for oci:// the tag) is written last, so a bundle is visible whole or not at all.
 * A folder or prefix that holds another bundle is refused: published bundles never change. A tag is moved, as tags are.
 *
 * @throws PawlError BUNDLE_URI_INVALID, BUNDLE_ALREADY_PUBLISHED, BUNDLE_ACCESS_DENIED, BUNDLE_STORE_UNREACHABLE,
 * BUNDLE_STORE_REFUSED, BUNDLE_STORE_UNTRUSTED, BUNDLE_TOKEN_REALM_REFUSED, BUNDLE_TARGET_INVALID, and those of
 * {@link openBundle}; the reason of `signal`.
 */
export async function publishBundle(directory: string, uri: string, options: PublishOptions = {}): Promise<Published> {
  const location = parseBundleUri(uri, options);
  const bundle = await openBundle(directory, { publicKeyPem: options.publicKeyPem, signal: options.signal });
  const call = callStore(options);
  if (location.kind === 'file') return await publishToFolder(bundle, location);
  if (location.kind === 'oci') return await publishImage(bundle, location, options, call);
  const store = await openWritableStore(location, options);
  if (store === undefined) {
    const expected = listSchemes('://', ['image', 'files', 'folder']);
    throw addressInvalid(`a bundle cannot be published to an ${location.kind}:// address; expected ${expected}`);
  }
  try {
    return await publishFiles(bundle, location, store, call, options);
  } finally {
    store.close();
  }
}

async function publishToFolder(bundle: Bundle, location: FileLocation): Promise<Published> {
  const folder = await makeFolderBeside(location.directory, 'publishing');
  try {
    for (const file of await filesOf(bundle)) {
      const { path } = file;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      // The plain signature may lie in the bundle as a Sigstore bundle alone.
      if (path === SIGNATURE_FILE) await writeFile(join(folder, path), file.open());
      else await copyFile(join(bundle.directory, path), join(folder, path));
    }
    await openBundle(folder, { digest: bundle.digest });
    const signature = await readSignature(folder);
    await installFolder(folder, location.directory, async () => {
      const present = await digestOfFile(join(location.directory, MANIFEST_FILE));
      if (present.digest !== bundle.digest) throw alreadyPublished(location.display, present.digest, bundle.digest);
      // The same manifest: replaced if its files are damaged, or if it lacks the signature that this one has.
      const presentSignature = await readSignature(location.directory);
      if (signature !== undefined && presentSignature === undefined) return false;
      return await openBundle(location.directory).then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw targetError(error);
  }
  return { uri: location.display, digest: bundle.digest };
}

async function publishFiles(
  bundle: Bundle,
  location: BundleLocation,
  store: WritableStore,
  call: Call,
  options: PublishOptions,
): Promise<Published> {
  const present = await presentDigest(store, options);
  if (present !== undefined && present !== bundle.digest)
    throw alreadyPublished(location.display, present, bundle.digest);
  const newContent = byteCounter(options.onProgress);
  for (const file of await filesOf(bundle)) {
    if (await call((signal) => store.has(file, { signal }))) continue;
    const counted = newContent();
    await call((signal) => store.write({ ...file, open: () => counted(file.open()) }, { signal }));
  }
  return { uri: location.display, digest: bundle.digest };
}

async function presentDigest(store: WritableStore, options: PublishOptions): Promise<string | undefined> {
  try {
    const bytes = await readSmallFile(
      (read) => store.read(MANIFEST_FILE, read),
      {
        name: MANIFEST_FILE,
        maxBytes: MAX_MANIFEST_BYTES,
        tooLarge: () => manifestInvalid('in the store is too large to be one of a bundle'),
      },
      {
        retry: options.retry ?? defaultRetryPolicy,
        clock: options.clock ?? systemRetryClock,
        idleTimeoutMs: options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
        signal: options.signal ?? new AbortController().signal,
      },
    );
    return digestOfBytes(bytes);
  } catch (error) {
    if (error instanceof PawlError && error.code === 'BUNDLE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function publishImage(
  bundle: Bundle,
  location: OciLocation,
  options: PublishOptions,
  call: Call,
): Promise<Published> {
  const { OciRegistry } = await import('./stores/oci-registry.ts');
  const { digestOfLayer, packLayer } = await import('./oci-layer.ts');
  const registry = new OciRegistry(location, options, 'pull,push');
  const layer = await digestOfLayer(bundle);
  const { name, version } = bundle.manifest;
  const { configs, manifests, index } = describeImage({ layer, digest: bundle.digest, name, version });
  const { reference } = location;
  if (isDigest(reference) && reference !== index.digest)
    throw new PawlError('BUNDLE_DIGEST_MISMATCH', {
      message: `the image of this bundle is ${index.digest}; the address expects ${reference}`,
    });
  if ((await call((signal) => registry.resolveTag(reference, signal))) !== index.digest) {
    const counted = byteCounter(options.onProgress)();
    const open = async () => counted(await packLayer(bundle));
    await call((signal) => registry.putBlob({ ...layer, open }, signal));
    for (const { digest, bytes } of configs) {
      const open = () => Readable.from([bytes]);
      await call((signal) => registry.putBlob({ digest, size: bytes.length, open }, signal));
    }
    for (const manifest of manifests) {
      // What is there is not written again: somebody may be reading it.
      if (await call((signal) => registry.hasManifest(manifest.digest, signal))) continue;
      await call((signal) => registry.putManifest(manifest.digest, manifest, signal));
    }
    await call((signal) => registry.putManifest(reference, index, signal));
  }
  const uri = `oci://${location.host}/${location.repository}@${index.digest}`;
  return { uri, digest: bundle.digest, imageDigest: index.digest };
}

/** Counts the bytes that are read of contents; one of them that is opened again counts again. */
function byteCounter(onProgress: PublishOptions['onProgress']): () => (content: Readable) => Readable {
  let sent = 0;
  return () => {
    let own = 0;
    return (content) => {
      if (onProgress === undefined) return content;
      sent -= own;
      own = 0;
      const counted = new Transform({
        transform: (chunk: Uint8Array, _, done) => {
          own += chunk.length;
          sent += chunk.length;
          onProgress(sent);
          done(null, chunk);
        },
      });
      // An error of the content reaches whoever reads the counted stream.
      return pipeline(content, counted, () => undefined);
    };
  };
}

/** Every file of a bundle with the manifest last. */
async function filesOf(bundle: Bundle): Promise<StoreFile[]> {
  const at = (path: string, size: number, digest: string): StoreFile => ({
    path,
    size,
    digest,
    open: () => createReadStream(join(bundle.directory, path)),
  });
  const small = async (path: string) => {
    const { size, digest } = await digestOfFile(join(bundle.directory, path));
    return at(path, size, digest);
  };
  const signature = await readSignature(bundle.directory);
  const sigstore = (await readSigstoreFile(bundle.directory)) !== undefined;
  const model = (await readModelSignature(bundle.directory)) !== undefined;
  return [
    ...bundle.manifest.files.map((file) => at(file.path, file.size, file.sha256)),
    ...(signature === undefined ? [] : [plainSignature(signature)]),
    ...(sigstore ? [await small(SIGSTORE_FILE)] : []),
    ...(model ? [await small(MODEL_SIGNATURE_FILE)] : []),
    await small(MANIFEST_FILE),
  ];
}

const plainSignature = (bytes: Uint8Array): StoreFile => ({
  path: SIGNATURE_FILE,
  size: bytes.length,
  digest: digestOfBytes(bytes),
  open: () => Readable.from([bytes]),
});

const alreadyPublished = (where: string, present: string, wanted: string) =>
  new PawlError('BUNDLE_ALREADY_PUBLISHED', {
    message: `${where} already holds the bundle ${present}; this one is ${wanted}`,
  });
