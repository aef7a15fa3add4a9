import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PawlError } from '../../errors/pawl-error.ts';
import { openRegularFile } from '../digest.ts';
import { AddressProblem, displayUrl, parseUrl } from './address.ts';
import { SIGNATURE_FILE } from '../manifest.ts';
import { readSignature } from '../open-bundle.ts';
import type { BundleStore, StoreRead } from './store.ts';
import { hasCode, isMissing } from '../../errors/system-error.ts';

/** `file:///absolute/folder`. */
export interface FileLocation {
  readonly kind: 'file';
  readonly directory: string;
  readonly display: string;
}

/** Pure: takes a `file://` address apart. @throws AddressProblem */
export function parseFile(uri: string): FileLocation {
  const url = parseUrl(uri);
  if (url.host !== '') throw new AddressProblem('a file:// address has no host: write file:///absolute/folder');
  try {
    const directory = fileURLToPath(url);
    return { kind: 'file', directory, display: displayUrl(url) };
  } catch {
    throw new AddressProblem('expected file:///absolute/folder');
  }
}

/** A bundle in a folder, such as a mounted volume. */
export function fileStore(location: FileLocation): BundleStore {
  return {
    display: location.display,
    read: async (path, { offset = 0, signal }) => {
      signal.throwIfAborted();
      const handle = await openRegularFile(join(location.directory, path)).catch((cause: unknown) => {
        if (path === SIGNATURE_FILE && isMissing(cause)) return undefined;
        throw readError(cause, path);
      });
      if (handle === undefined) return await signatureInSigstore(location.directory, offset);
      const { size } = await handle.stat();
      // The stream owns the handle from here on and closes it.
      return { stream: createReadStream('', { fd: handle, start: offset, signal }), offset, size };
    },
    close: () => undefined,
  };
}

/** The signature of a folder that has it as a Sigstore bundle alone. */
async function signatureInSigstore(directory: string, offset: number): Promise<StoreRead> {
  const bytes = await readSignature(directory);
  if (bytes === undefined) throw new PawlError('BUNDLE_NOT_FOUND', { message: `${SIGNATURE_FILE} does not exist` });
  return { stream: Readable.from([bytes.subarray(offset)]), offset, size: bytes.length };
}

function readError(cause: unknown, path: string): unknown {
  if (hasCode(cause, 'ENOENT', 'ENOTDIR'))
    return new PawlError('BUNDLE_NOT_FOUND', { message: `${path} does not exist`, cause });
  if (hasCode(cause, 'EACCES', 'EPERM'))
    return new PawlError('BUNDLE_ACCESS_DENIED', { message: `${path} may not be read by this user`, cause });
  return new PawlError('BUNDLE_STORE_REFUSED', { message: `${path} cannot be read`, cause });
}
