import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { sizeOfFiles, type Manifest } from '@pawl/shared/bundle/manifest';
import { openBundle, readSignature } from '@pawl/shared/bundle/open-bundle';
import { publishBundle, type Published } from '@pawl/shared/bundle/publish-bundle';
import { publishReaders, readSignatures, type PublishedReader } from '@pawl/shared/bundle/readers/publish-readers';
import type { BundleLocation } from '@pawl/shared/bundle/stores/store-table';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../terminal/context.ts';
import { CliError } from '../errors/cli-error.ts';
import { createProgress } from '../terminal/progress.ts';
import { bytes, count } from '../terminal/text.ts';
import { readStoredManifest } from './read-bundle.ts';
import { atStore, storeOptions } from './stores.ts';

/** What was asked to be published. */
export interface PublishRequest {
  /** Absolute path of the bundle's folder. */
  readonly directory: string;
  readonly uri: string;
  /** PEM; when given, the bundle must be signed by its private half. */
  readonly publicKeyPem?: string | undefined;
  /** PEM; when given, the image of an oci:// address is signed as well. */
  readonly privateKeyPem?: string | undefined;
  /** Move a tag that names another bundle. */
  readonly force: boolean;
}

/** What came of it. */
export interface Publication extends Published {
  readonly manifest: Manifest;
  readonly signed: boolean;
  /** `present`: it was there already; `signature`: only its signature was added; `moved`: the tag named another bundle. */
  readonly outcome: 'published' | 'present' | 'signature' | 'moved';
  /** What others read beside the image; empty for other addresses than oci://. */
  readonly readers: readonly PublishedReader[];
}

/** What a target holds before. */
type Present =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bundle'; readonly digest: string; readonly signature: Uint8Array | undefined }
  | { readonly kind: 'other'; readonly problem: string };

/**
 * Publishes a bundle folder, after verifying it, and beside an image what other tools read. What is published is never changed:
 * another bundle under the same address is refused, and the same one changes nothing.
 *
 * @throws CliError TAG_MOVED; PawlError of the bundle and of the store.
 */
export async function publish(context: Context, request: PublishRequest): Promise<Publication> {
  const { directory, uri, publicKeyPem, privateKeyPem, force } = request;
  const location = parseBundleUri(uri);
  const bundle = await openBundle(directory, { publicKeyPem, signal: context.signal });
  const { manifest, digest } = bundle;
  await readSignatures(bundle, publicKeyPem);
  const signature = await readSignature(directory);
  const signed = signature !== undefined;
  const present: Present = location.kind === 'https' ? { kind: 'nothing' } : await whatIsThere(context, uri);
  const same = present.kind === 'bundle' && present.digest === digest;
  // A signature that is stored is not taken away by a copy of the bundle that lacks it.
  const readersOf = async (image: string | undefined) =>
    location.kind === 'oci'
      ? await atStore(uri, () =>
          publishReaders(bundle, uri, {
            ...storeOptions(context),
            publicKeyPem,
            privateKeyPem,
            signal: context.signal,
            image,
            force,
          }),
        )
      : [];
  if (same && (signature === undefined || equal(signature, present.signature)))
    return { uri: location.display, digest, manifest, signed, outcome: 'present', readers: await readersOf(undefined) };
  if (!same && present.kind !== 'nothing' && !(location.kind === 'oci' && force))
    throw taken(location, present, digest, manifest.version);

  const total = sizeOfFiles(manifest.files);
  const progress = await createProgress(context, 'Upload', Math.ceil(total / 1000));
  const started = context.now().getTime();
  let most = 0;
  const published = await atStore(uri, () =>
    publishBundle(directory, uri, {
      ...storeOptions(context),
      publicKeyPem,
      signal: context.signal,
      onProgress: (sent) => {
        most = Math.max(most, Math.min(sent, total));
        progress.update(Math.floor(most / 1000), 'kB');
      },
    }),
  ).catch((error: unknown) => {
    progress.done('stopped');
    throw error;
  });
  const seconds = Math.max(0.1, (context.now().getTime() - started) / 1000).toFixed(1);
  progress.done(`${bytes(total)} in ${count(manifest.files.length, 'file')}, ${seconds} s`);
  return {
    ...published,
    manifest,
    signed,
    outcome: same ? 'signature' : present.kind === 'nothing' ? 'published' : 'moved',
    readers: await readersOf(published.imageDigest),
  };
}

/** Codes that speak of what a store holds; any other speaks of the store, or of the way to it. */
const OF_SOMETHING_ELSE: readonly string[] = [
  'BUNDLE_IMAGE_INVALID',
  'BUNDLE_MANIFEST_INVALID',
  'BUNDLE_DIGEST_MISMATCH',
] satisfies PawlError['code'][];

async function whatIsThere(context: Context, uri: string): Promise<Present> {
  try {
    const { digest, signature } = await readStoredManifest(context, uri);
    return { kind: 'bundle', digest, signature };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    if (error.code === 'BUNDLE_NOT_FOUND') return { kind: 'nothing' };
    // An image that is no bundle, or a manifest that cannot be read: there is something, and it is not this one.
    if (OF_SOMETHING_ELSE.includes(error.code)) return { kind: 'other', problem: error.message };
    // Whatever else failed says nothing about what is there: a certificate, the network, a refusal.
    throw error;
  }
}

function taken(location: BundleLocation, present: Present, digest: string, version: string): Error {
  const what = present.kind === 'bundle' ? `the bundle ${present.digest}` : 'something that is no bundle';
  if (location.kind !== 'oci')
    return new PawlError('BUNDLE_ALREADY_PUBLISHED', {
      message: `${location.display} already holds ${what}; this one is ${digest}`,
      hint: 'Published versions are never changed, also not with --force: choose another address, or make a new version.',
    });
  return new CliError(
    'TAG_MOVED',
    `${location.display} already names ${what}; this one is ${digest}.`,
    `Published versions are never changed: publish under a tag of its own, such as :${version.replaceAll('+', '_')}, or make a new version. --force moves the tag; what was released by digest stays as it is.`,
  );
}

const equal = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && Buffer.from(a).equals(b);
