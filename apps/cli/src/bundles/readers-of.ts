import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { MANIFEST_FILE } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { checkReaders, type CheckedBundle, type CheckedReader } from '@pawl/shared/bundle/readers/check-readers';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../terminal/context.ts';
import { atStore, storeOptions } from './stores.ts';

/**
 * What refers to the image of a bundle, checked; or why a registry does not tell. The bundle itself is there and right: what is only
 * for others is no reason to fail.
 *
 * @param uri an oci:// address.
 * @throws PawlError BUNDLE_KEY_INVALID; the reason of the signal.
 */
export async function checkedReaders(
  context: Context,
  uri: string,
  bundle: CheckedBundle,
  publicKeyPem: string | undefined,
): Promise<readonly CheckedReader[] | PawlError> {
  const options = { ...storeOptions(context), publicKeyPem, signal: context.signal };
  return await atStore(uri, () => checkReaders(bundle, uri, options)).catch((error: unknown) =>
    problemOfOthers(context, error),
  );
}

/**
 * What a store says against something that is only for other tools.
 *
 * @throws what is not the store's to say: a key that cannot be read, a mistake of ours, the reason of the signal.
 */
export function problemOfOthers(context: Context, error: unknown): PawlError {
  context.signal.throwIfAborted();
  if (!(error instanceof PawlError) || error.code === 'BUNDLE_KEY_INVALID') throw error;
  return error;
}

/**
 * What others read of a bundle that was fetched from an address, checked; undefined for other addresses than oci://. A registry
 * that does not tell gets a warning.
 *
 * @throws PawlError BUNDLE_KEY_INVALID; the reason of the signal.
 */
export async function readersOf(
  context: Context,
  uri: string,
  bundle: Bundle,
  publicKeyPem: string | undefined,
): Promise<readonly CheckedReader[] | undefined> {
  if (parseBundleUri(uri).kind !== 'oci') return undefined;
  const manifestBytes = await readFile(join(bundle.directory, MANIFEST_FILE));
  const readers = await checkedReaders(context, uri, { ...bundle, manifestBytes }, publicKeyPem);
  if (!(readers instanceof PawlError)) return readers;
  context.stderr.write(`warning: what refers to the image cannot be listed: ${readers.message} [${readers.code}]\n`);
  return undefined;
}
