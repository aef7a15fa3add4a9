import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PawlError } from '../errors/pawl-error.ts';
import { MANIFEST_FILE } from './manifest.ts';
import { codeOf, hasCode } from '../errors/system-error.ts';

/**
 * A fresh, empty folder beside `target`, on the same file system so that it can be renamed to it.
 *
 * @throws PawlError BUNDLE_TARGET_INVALID.
 */
export async function makeFolderBeside(target: string, label: string): Promise<string> {
  const folder = join(dirname(target), `${basename(target)}.${label}-${randomUUID()}`);
  try {
    await mkdir(dirname(target), { recursive: true });
    await mkdir(folder);
  } catch (cause) {
    throw targetError(cause);
  }
  return folder;
}

/**
 * Makes a complete folder visible as `target` by one rename. An earlier bundle at `target` is set aside first and then
 * deleted, so there is an instant in which `target` does not exist but none in which it is mixed. Anything at `target`
 * that is not a bundle is left alone.
 *
 * `sameAlready` is asked when a bundle stands at `target`, also one that another process put there in the meantime:
 * true keeps that one and deletes `folder`.
 *
 * @throws PawlError BUNDLE_TARGET_INVALID.
 */
export async function installFolder(
  folder: string,
  target: string,
  sameAlready: () => Promise<boolean>,
): Promise<void> {
  // A few rounds: with several processes at it, another one may install between our look and our rename.
  for (let round = 0; ; round += 1) {
    if (await isOccupied(target)) {
      if (await sameAlready()) {
        await rm(folder, { recursive: true, force: true });
        return;
      }
      await setAside(target);
    }
    try {
      await rename(folder, target);
      return;
    } catch (error) {
      if (round >= 8 || !hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw targetError(error);
    }
  }
}

/** Turns a failed write below the target into an error whose message says so; leaves a {@link PawlError} as it is. */
export function targetError(cause: unknown): PawlError {
  if (cause instanceof PawlError) return cause;
  const code = codeOf(cause) ?? 'unknown';
  return new PawlError('BUNDLE_TARGET_INVALID', {
    message: `the target folder cannot be written (${explain[code] ?? code})`,
    cause,
  });
}

const explain: Readonly<Record<string, string>> = {
  ENOSPC: 'ENOSPC: no space left',
  EDQUOT: 'EDQUOT: the quota is used up',
  EACCES: 'EACCES: this user may not write there',
  EROFS: 'EROFS: the file system is read-only',
  EBUSY: 'EBUSY: it is a mount point; name a folder inside the mount',
  ENOTDIR: 'ENOTDIR: a part of the path is a file',
};

async function isOccupied(target: string): Promise<boolean> {
  let entries: string[];
  try {
    entries = await readdir(target);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw targetError(error);
  }
  // rename() replaces an empty folder by itself.
  if (entries.length === 0) return false;
  const manifest = await lstat(join(target, MANIFEST_FILE)).catch(() => undefined);
  if (manifest !== undefined) return true;
  throw new PawlError('BUNDLE_TARGET_INVALID', {
    message: `the target folder holds something that is not a bundle (no ${MANIFEST_FILE}); it is left as it is`,
  });
}

async function setAside(target: string): Promise<void> {
  const aside = join(dirname(target), `${basename(target)}.old-${randomUUID()}`);
  try {
    await rename(target, aside);
  } catch (error) {
    // Another process was faster: the next round looks again.
    if (hasCode(error, 'ENOENT')) return;
    throw targetError(error);
  }
  await rm(aside, { recursive: true, force: true });
}
