import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from '../../errors/write-error.ts';

/** How files are written; tests give one that fails. */
export interface Disk {
  /**
   * Writes a whole file in one step: whoever looks sees the old file, the new one, or none, never a part. Folders above it
   * are made.
   *
   * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
   */
  write(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Adds to the end of a file. @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
  append(path: string, text: string): Promise<void>;
}

/** What a {@link Disk} is made of: writes `bytes` to a file that is open. */
export type WriteBytes = (path: string, bytes: Uint8Array | string, flags: 'wx' | 'a') => Promise<void>;

/** Preparing goes on where it stopped. */
export const DATA_ADVICE = { elsewhere: 'name a folder on another disk', resumes: true };

const writeBytes: WriteBytes = async (path, bytes, flags) => {
  await using file = await open(path, flags);
  await file.writeFile(bytes);
};

/**
 * @param temporary folder for what is not complete yet, on the same file system as the targets; by default each target's own.
 */
export function createDisk(temporary?: string, write: WriteBytes = writeBytes): Disk {
  let count = 0;
  return {
    async write(path, bytes) {
      const partial = join(temporary ?? dirname(path), `.${basename(path)}.${process.pid}-${count++}.partial`);
      try {
        await mkdir(dirname(path), { recursive: true });
        if (temporary !== undefined) await mkdir(temporary, { recursive: true });
        await write(partial, bytes, 'wx');
        await rename(partial, path);
      } catch (cause) {
        await rm(partial, { force: true }).catch(() => undefined);
        throw writeError(path, cause, DATA_ADVICE);
      }
    },
    async append(path, text) {
      try {
        await mkdir(dirname(path), { recursive: true });
        await write(path, text, 'a');
      } catch (cause) {
        throw writeError(path, cause, DATA_ADVICE);
      }
    },
  };
}
