import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { MANIFEST_FILE } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { checkReaders, type CheckedReader } from '@pawl/shared/bundle/readers/check-readers';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../terminal/context.ts';
import { atStore, storeOptions } from './stores.ts';

/**
 * What others read of a bundle that was fetched from an address, checked; undefined for other addresses than oci://. A registry
 * that does not tell gets a warning: the bundle itself is there.
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
  const options = { ...storeOptions(context), publicKeyPem, signal: context.signal };
  try {
    return await atStore(uri, () => checkReaders({ ...bundle, manifestBytes }, uri, options));
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof PawlError) || error.code === 'BUNDLE_KEY_INVALID') throw error;
    context.stderr.write(`warning: what refers to the image cannot be listed: ${error.message} [${error.code}]\n`);
    return undefined;
  }
}
