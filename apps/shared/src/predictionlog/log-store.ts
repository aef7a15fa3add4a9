import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { parseBundleUri } from '../bundle/bundle-uri.ts';
import { digestOfBytes } from '../bundle/digest.ts';
import type { S3StoreOptions } from '../bundle/stores/s3.ts';
import { openWritableStore } from '../bundle/stores/store-table.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { codeOf } from '../errors/system-error.ts';

/** Where objects of the log go. It neither retries nor times out: the caller does, by the signal. */
export interface LogStore {
  /** The address without secrets, for messages. */
  readonly display: string;
  /**
   * Writes one object; visible only when complete. The same object again is written over itself.
   * @throws PawlError as the store says; the signal's reason.
   */
  put(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Frees connections; the store is not used afterwards. */
  close(): void;
}

/**
 * Opens the place of an address, `file:///folder` or `s3://bucket/prefix`. Nothing is asked of it yet.
 *
 * @throws PawlError BUNDLE_URI_INVALID, also for an address of a store that takes no single files.
 */
export async function openLogStore(uri: string, options: S3StoreOptions): Promise<LogStore> {
  const location = parseBundleUri(uri);
  if (location.kind === 'file') return folderStore(location.directory, location.display);
  const store = await openWritableStore(location, { s3: options });
  if (store === undefined)
    throw new PawlError('BUNDLE_URI_INVALID', {
      message: `${location.display} takes no single files`,
      hint: 'Use a file:///folder or s3://bucket/prefix address.',
    });
  return {
    display: store.display,
    put: async (path, bytes, signal) => {
      const open = (): Readable => Readable.from([bytes]);
      await store.write({ path, size: bytes.byteLength, digest: digestOfBytes(bytes), open }, { signal });
    },
    close: () => {
      store.close();
    },
  };
}

function folderStore(folder: string, display: string): LogStore {
  return {
    display,
    put: async (path, bytes, signal) => {
      const target = join(folder, path);
      // Hidden, so that nobody who reads the folder takes the half of an object.
      const partial = join(dirname(target), `.${basename(target)}`);
      try {
        await mkdir(dirname(target), { recursive: true });
        await writeFile(partial, bytes, { signal });
        await rename(partial, target);
      } catch (cause) {
        await rm(partial, { force: true }).catch(() => undefined);
        signal.throwIfAborted();
        throw folderError(cause, display);
      }
    },
    close: () => undefined,
  };
}

function folderError(cause: unknown, display: string): PawlError {
  const code = codeOf(cause) ?? 'unknown error';
  if (['EACCES', 'EPERM', 'EROFS'].includes(code))
    return new PawlError('BUNDLE_ACCESS_DENIED', {
      message: `this user may not write to ${display} (${code})`,
      hint: 'Mount a volume there that the user of the service may write to.',
      cause,
    });
  // A full disk is emptied some day; what is wrong with the folder itself is too.
  return new PawlError('BUNDLE_STORE_UNREACHABLE', { message: `${display} cannot be written to (${code})`, cause });
}
