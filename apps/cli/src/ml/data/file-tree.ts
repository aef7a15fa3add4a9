import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { hasCode } from '@pawl/shared/errors/system-error';
import { CliError } from '../../errors/cli-error.ts';
import { listFiles, type FoundFile } from '../../files/list-photographs.ts';
import { indexTar } from './tar.ts';

/** The files of a folder or of a tar archive, read in any order. */
export interface FileTree {
  /** Sorted by name. */
  readonly files: readonly FoundFile[];
  /**
   * The bytes of a file, or its first `length`, in a buffer of their own.
   *
   * @throws the errors of `fs`; of an archive that has become shorter, CliError DATA_UNREADABLE.
   */
  read(name: string, length?: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/**
 * Opens a folder, or a tar archive (not compressed) without unpacking it. Links of an archive are never followed.
 *
 * @param outside what becomes of links that lead out of the folder, see {@link listFiles}.
 * @throws CliError FILE_NOT_FOUND, DATA_UNREADABLE for a file that is no tar archive; the reason of `signal`.
 */
export async function openFileTree(
  path: string,
  signal?: AbortSignal,
  outside?: 'followed' | 'named',
): Promise<FileTree> {
  let isFile: boolean;
  try {
    isFile = (await stat(path)).isFile();
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT', 'ENOTDIR')) throw cause;
    throw new CliError(
      'FILE_NOT_FOUND',
      `There is no folder or archive ${path}.`,
      'Check the path; it starts from the folder that you are in.',
      cause,
    );
  }
  return isFile ? await openArchive(path, signal, outside) : await openFolder(path, outside);
}

async function openFolder(folder: string, outside?: 'followed' | 'named'): Promise<FileTree> {
  return {
    files: await listFiles(folder, outside),
    async read(name, length) {
      const path = join(folder, name);
      if (length === undefined) return await readFile(path);
      await using file = await open(path);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    },
    close: () => Promise.resolve(),
  };
}

async function openArchive(path: string, signal?: AbortSignal, outside?: 'followed' | 'named'): Promise<FileTree> {
  const { files: entries, links } = await indexTar(path, signal);
  const files: FoundFile[] = [...entries].map(([name, { size }]) => ({ name, size }));
  if (outside === 'named')
    for (const name of links) if (!entries.has(name)) files.push({ name, size: undefined, isLinkOut: true });
  const file = await open(path);
  return {
    files: files.sort((a, b) => compareCodeUnits(a.name, b.name)),
    async read(name, length = Infinity) {
      const entry = entries.get(name);
      if (entry === undefined)
        throw Object.assign(new Error(`ENOENT: no ${name} in ${path}`), { code: 'ENOENT', path: name });
      const buffer = Buffer.alloc(Math.min(length, entry.size));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, entry.offset);
      if (bytesRead === buffer.length) return buffer;
      throw new CliError('DATA_UNREADABLE', `${path} has become shorter while it was read.`, 'Make the archive again.');
    },
    close: () => file.close(),
  };
}
