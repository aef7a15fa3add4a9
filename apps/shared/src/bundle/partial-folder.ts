import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolderBeside, targetError } from './install-directory.ts';

/** Milliseconds between two signs of life of a fetch that owns a partial folder. */
const HEARTBEAT_MS = 1000;
/** Milliseconds without a sign of life after which a partial folder counts as left behind by a process that died. */
const ABANDONED_MS = 5000;

/** Where a fetch works until its bundle is complete. */
export interface PartialFolder {
  /** The bundle in the making. */
  readonly files: string;
  /** Room for an archive, outside the bundle. */
  readonly archive: string;
  /** Stops the signs of life and deletes it, or leaves it for a later fetch to resume from. */
  close(keep: boolean): Promise<void>;
}

/**
 * Makes `<target>.partial-<first digits of the digest>-<random>` beside the target. Every fetch owns its folder, so
 * fetches of several processes into one target never touch each other's bytes. What a fetch of the same digest left
 * behind when it died or failed is taken over by copying (by reference where the file system can): a copy stays right
 * even if that process turns out to be alive. Folders left behind for other digests are deleted.
 *
 * `names` are the files worth taking over, relative to the bundle.
 */
export async function makePartialFolder(
  target: string,
  digest: string,
  names: readonly string[],
): Promise<PartialFolder> {
  const label = `partial-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
  const root = await makeFolderBeside(target, label);
  const files = join(root, 'files');
  const archive = join(root, 'archive');
  const heartbeat = join(root, 'heartbeat');
  await mkdir(files).catch(rethrowTarget);
  await writeFile(heartbeat, '').catch(rethrowTarget);
  const timer = setInterval(() => {
    const now = new Date();
    utimes(heartbeat, now, now).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  const { mtimeMs: nowMs } = await lstat(heartbeat);
  for (const leftover of await leftovers(target, root, nowMs)) {
    if (basename(leftover).startsWith(`${basename(target)}.${label}-`)) {
      for (const name of names) await takeOver(join(leftover, 'files', name), join(files, name));
      await takeOver(join(leftover, 'archive'), archive);
    }
    await rm(leftover, { recursive: true, force: true });
  }
  return {
    files,
    archive,
    close: async (keep) => {
      clearInterval(timer);
      // Epoch: abandoned from now on, no need to wait.
      if (keep) await utimes(heartbeat, 0, 0).catch(() => undefined);
      else await rm(root, { recursive: true, force: true });
    },
  };
}

/** Partial folders of the target whose owner gave no sign of life, by the clock of their own file system. */
async function leftovers(target: string, own: string, nowMs: number): Promise<string[]> {
  const prefix = `${basename(target)}.partial-`;
  const found: string[] = [];
  for (const entry of await readdir(dirname(target))) {
    const path = join(dirname(target), entry);
    if (!entry.startsWith(prefix) || path === own) continue;
    // A folder without heartbeat is being made or deleted at this moment, or died in between.
    const stat =
      (await lstat(join(path, 'heartbeat')).catch(() => undefined)) ?? (await lstat(path).catch(() => undefined));
    if (stat !== undefined && nowMs - stat.mtimeMs > ABANDONED_MS) found.push(path);
  }
  return found;
}

/** Copies the longer of two beginnings; a failure only means that nothing is resumed. */
async function takeOver(from: string, to: string): Promise<void> {
  const [source, present] = await Promise.all([from, to].map((path) => lstat(path).catch(() => undefined)));
  if (source?.isFile() !== true || source.size <= (present?.size ?? 0)) return;
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch {
    await rm(to, { force: true });
  }
}

function rethrowTarget(cause: unknown): never {
  throw targetError(cause);
}
