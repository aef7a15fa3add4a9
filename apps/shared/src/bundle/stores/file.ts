import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PawlError } from '../../errors/pawl-error.ts';
import { openRegularFile } from '../digest.ts';
import { AddressProblem, displayUrl, parseUrl } from './address.ts';
import type { BundleStore } from './store.ts';
import { hasCode } from '../../errors/system-error.ts';

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
        throw readError(cause, path);
      });
      const { size } = await handle.stat();
      // The stream owns the handle from here on and closes it.
      return { stream: createReadStream('', { fd: handle, start: offset, signal }), offset, size };
    },
    close: () => undefined,
  };
}

function readError(cause: unknown, path: string): unknown {
  if (hasCode(cause, 'ENOENT', 'ENOTDIR'))
    return new PawlError('BUNDLE_NOT_FOUND', { message: `${path} does not exist`, cause });
  if (hasCode(cause, 'EACCES', 'EPERM'))
    return new PawlError('BUNDLE_ACCESS_DENIED', { message: `${path} may not be read by this user`, cause });
  return new PawlError('BUNDLE_STORE_REFUSED', { message: `${path} cannot be read`, cause });
}
