import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, isMissing } from '@pawl/shared/errors/system-error';
import { writeError } from '../../errors/write-error.ts';

/**
 * Writes a file so that a reader sees all of it or nothing.
 *
 * @param path absolute; its folder is made.
 * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await onDisk(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(temporary, text);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

/** The text of a file; undefined where there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Names of the folders in a folder, sorted; empty where there is none. */
export async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Every file at or below a path, as sorted `/`-separated paths from it; a file alone is the empty path. */
export async function filesBelow(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(path.length + 1)
          .replaceAll('\\', '/'),
      )
      .sort();
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return [''];
    throw error;
  }
}

/**
 * Checks a name that MLflow makes a path or a key of (mlflow.utils.validation): letters, digits, `_ - . /` and spaces, at
 * most 250, no path that leads elsewhere.
 *
 * @throws RangeError.
 */
export function assertEntityName(name: string): void {
  const parts = name.split('/');
  if (!/^[\w\-. /]{1,250}$/.test(name) || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new RangeError(`${JSON.stringify(name)} is no name for a parameter, metric, tag or artifact`);
}

/** Runs `work` and says of a failure of the disk what it means for the record. */
export async function onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw writeError(path, cause, { elsewhere: 'name another folder with --runs' });
  }
}
