import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from '@pawl/shared/errors/system-error';
import { parse, stringify } from 'yaml';
import { writeError } from '../../errors/write-error.ts';

/** Our own notes inside a run's folder; MLflow reads nothing from it. */
export const NOTES_FOLDER = '.pawl';
export const META_FILE = 'meta.yaml';

/**
 * Writes a file so that a reader sees all of it or nothing.
 *
 * @param path absolute; its folder is made.
 * @param scratch absolute folder on the same disk that no reader lists; made.
 * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
 */
export async function writeAtomically(path: string, text: string, scratch: string): Promise<void> {
  const temporary = join(scratch, `${randomBytes(6).toString('hex')}.tmp`);
  await onDisk(path, async () => {
    await mkdir(scratch, { recursive: true });
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

/** Names in a folder, sorted; empty where there is none. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await entriesOf(folder)).map(({ name }) => name);
}

/** Names of the folders in a folder, sorted. */
export async function foldersIn(folder: string): Promise<readonly string[]> {
  return (await entriesOf(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Every file below a folder, as sorted `/`-separated paths; empty where there is none. */
export async function filesBelow(folder: string, prefix = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(join(folder, entry.name), `${path}/`)));
    else if (entry.isFile()) found.push(path);
  }
  return found;
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Reads one of MLflow's `meta.yaml`; undefined where there is none or it is no mapping. */
export async function readMeta(folder: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readIfPresent(join(folder, META_FILE));
  if (text === undefined) return undefined;
  try {
    const data: unknown = parse(text);
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A text of a `meta.yaml`; empty where it holds something else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Writes one of MLflow's `meta.yaml`: keys sorted, as PyYAML writes them. */
export async function writeMeta(
  folder: string,
  meta: Readonly<Record<string, unknown>>,
  scratch: string,
): Promise<void> {
  await writeAtomically(join(folder, META_FILE), stringify(meta, { sortMapEntries: true, lineWidth: 0 }), scratch);
}

/**
 * Checks a name that MLflow's file store makes a file name of (mlflow.utils.validation): letters, digits, `_ - . /` and
 * spaces, at most 250, no path that leads elsewhere.
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
