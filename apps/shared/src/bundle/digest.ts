import { createHash, type Hash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';

/** Bytes read at once: large enough that the system calls do not show, small enough not to block the event loop. */
const CHUNK = 1024 * 1024;

/** A file's size and identity. */
export interface FileDigest {
  /** `sha256:<64 hex digits>`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** A running sha256, written as Pawl writes digests. */
export interface Digester {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** `sha256:<64 hex digits>` of everything added; call it once. */
  digest(): string;
}

/** Starts a sha256 over bytes that arrive in pieces. */
export function createDigester(): Digester {
  const hash: Hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => `sha256:${hash.digest('hex')}` };
}

/** `sha256:<64 hex digits>` of bytes in memory. */
export function digestOfBytes(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Name of the folder of a bundle in a cache: `sha256-<hex>`. Who fills the cache and who reads it must agree on it. */
export function folderOfDigest(digest: string): string {
  return digest.replace(':', '-');
}

/** Whether a text is a digest as Pawl writes it: `sha256:` and 64 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/**
 * Opens a regular file for reading; throws ENOENT, EACCES ... as `fs` does, and EINVAL for anything that is not a
 * regular file (without hanging on a FIFO).
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw Object.assign(new Error(`EINVAL: not a regular file, open '${path}'`), { code: 'EINVAL', path });
}

/** Reads an open file from its start, piece by piece; the pieces share one buffer, so copy what you keep. */
export async function* chunksOf(handle: FileHandle, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * Fills `bytes` from the start of an open file; gives each piece as it comes. A file that is shorter leaves the rest as it
 * was, and gives no piece of it.
 */
export async function* chunksInto(
  bytes: Uint8Array,
  handle: FileHandle,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < bytes.length;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(bytes, position, Math.min(CHUNK, bytes.length - position), position);
    if (bytesRead === 0) return;
    yield bytes.subarray(position, position + bytesRead);
    position += bytesRead;
  }
}

/** Size and sha256 of an open file, from its start. */
async function digestOfHandle(handle: FileHandle, signal?: AbortSignal): Promise<FileDigest> {
  const digester = createDigester();
  let size = 0;
  for await (const chunk of chunksOf(handle, signal)) {
    digester.update(chunk);
    size += chunk.length;
  }
  return { digest: digester.digest(), size };
}

/** Size and sha256 of a regular file, streamed; throws as {@link openRegularFile} does. */
export async function digestOfFile(path: string, signal?: AbortSignal): Promise<FileDigest> {
  await using handle = await openRegularFile(path);
  return await digestOfHandle(handle, signal);
}
