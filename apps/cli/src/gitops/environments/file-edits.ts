import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '@pawl/shared/errors/system-error';
import { CliError } from '../../errors/cli-error.ts';

/** A file before and after a change; undefined: it is not there. */
export interface FileEdit {
  /** Absolute. */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Writes, replaces and removes files; all or nothing. @throws CliError FILE_WRITE_FAILED, DISK_FULL. */
export async function applyEdits(edits: readonly FileEdit[]): Promise<void> {
  const begun: FileEdit[] = [];
  for (const edit of edits) {
    const { path, before, after } = edit;
    try {
      if (after === undefined) {
        await rm(path);
        begun.push(edit);
        continue;
      }
      await mkdir(dirname(path), { recursive: true });
      // What appeared meanwhile where nothing was is somebody's, and stays.
      await writeFile(path, after, { flag: before === undefined ? 'wx' : 'w' }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') begun.push(edit);
        throw error;
      });
      begun.push(edit);
    } catch (cause) {
      // What stood in the way of the one may stand in the way of undoing it; the others are undone all the same.
      await undoEdits(begun).catch(() => undefined);
      const code = codeOf(cause);
      throw new CliError(
        code === 'ENOSPC' ? 'DISK_FULL' : 'FILE_WRITE_FAILED',
        `${path} cannot be written (${code ?? 'unknown'}).`,
        'Check the folder, its owner and its space.',
        cause,
      );
    }
  }
}

/** The files as they were before {@link applyEdits}, as far as that is possible. @throws what stood in the way first. */
export async function undoEdits(edits: readonly FileEdit[]): Promise<void> {
  const undone = await Promise.allSettled(
    edits.map(({ path, before }) => (before === undefined ? rm(path, { force: true }) : writeFile(path, before))),
  );
  const failed = undone.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
