import { constants } from 'node:fs';
import { mkdir, open, rename, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chunksOf } from '@pawl/shared/bundle/digest';
import { CliError } from '../../errors/cli-error.ts';
import { writeError } from '../../errors/write-error.ts';
import { keptRows, type KeptRows } from './kept-rows.ts';
import type { RecordFormat } from './record-format.ts';

const ADVICE = { elsewhere: 'name another file with --out', resumes: true };

/** Where the rows of a run lie until it is done: whoever finds the file itself has all of them. */
export const partialName = (path: string): string => `${path}.partial`;

/**
 * A file of answers that is written row by row under another name and gets its own when it is whole. A run that was cut off
 * leaves its rows behind for the next one.
 */
export class OutputFile {
  /** Rows of an earlier run. */
  readonly kept: KeptRows;
  /** Whether an earlier run left something of which nothing is of use. */
  readonly startsAnew: boolean;
  readonly #path: string;
  readonly #handle: FileHandle;
  #position: number;

  private constructor(path: string, handle: FileHandle, kept: KeptRows, startsAnew: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#position = kept.bytes;
    this.kept = kept;
    this.startsAnew = startsAnew;
  }

  /**
   * Opens the file of an earlier run behind its last row that is of use, or a new one. Folders above it are made.
   *
   * @param path absolute.
   * @param files names by the order of the input.
   * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
   */
  static async open(
    path: string,
    format: RecordFormat,
    files: readonly string[],
    signal: AbortSignal,
  ): Promise<OutputFile> {
    let handle: FileHandle | undefined;
    try {
      // Found out now and not at the end of the run, when the file gets its name.
      if ((await stat(path).catch(() => undefined))?.isDirectory() === true)
        throw new CliError('FILE_WRITE_FAILED', `${path} is a folder.`, 'Name a file with --out.');
      await mkdir(dirname(path), { recursive: true });
      handle = await open(partialName(path), constants.O_RDWR | constants.O_CREAT);
      const { size } = await handle.stat();
      const kept = await keptRows(chunksOf(handle, signal), format, files);
      await handle.truncate(kept.bytes);
      const file = new OutputFile(path, handle, kept, size > 0 && kept.rows === 0);
      if (kept.bytes === 0) await file.write(format.header);
      return file;
    } catch (cause) {
      await handle?.close();
      throw writeError(path, cause, ADVICE);
    }
  }

  /** Adds text, whole records. @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      const { size } = await this.#handle.stat();
      if (size !== this.#position)
        throw new CliError(
          'FILE_WRITE_FAILED',
          `Another program writes to ${partialName(this.#path)}.`,
          'Let one run finish, or name another file with --out.',
        );
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#position);
        at += bytesWritten;
        this.#position += bytesWritten;
      }
    } catch (cause) {
      throw writeError(partialName(this.#path), cause, ADVICE);
    }
  }

  /** Gives the file its name, in place of an older one. @throws CliError FILE_WRITE_FAILED. */
  async finish(): Promise<void> {
    try {
      await this.#handle.sync();
      await rename(partialName(this.#path), this.#path);
    } catch (cause) {
      throw writeError(this.#path, cause, ADVICE);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
