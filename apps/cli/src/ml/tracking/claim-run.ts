import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@pawl/shared/errors/system-error';
import type { RunRecord } from './run-record.ts';
import { onDisk, readIfPresent } from './store-files.ts';

/** Who writes or sends a run now. */
export type RunOwner = 'nobody' | 'this process' | 'another process' | 'another machine' | 'a process that is gone';

const fileOf = (run: RunRecord): string => join(run.folder, 'owner');

/** Who holds a run. A process that was killed leaves its claim behind, which says that the run was cut off. */
export async function ownerOf(run: RunRecord): Promise<RunOwner> {
  const text = await readIfPresent(fileOf(run));
  if (text === undefined) return 'nobody';
  const [pid, host] = text.trim().split(' ');
  if (host !== hostname()) return 'another machine';
  if (Number(pid) === process.pid) return 'this process';
  return isAlive(Number(pid)) ? 'another process' : 'a process that is gone';
}

/** Whether somebody else writes or sends the run now. Pure. */
export const isElsewhere = (owner: RunOwner): boolean => owner === 'another process' || owner === 'another machine';

/** Claims a run for this process. False when somebody else holds it. */
export async function claimRun(run: RunRecord): Promise<boolean> {
  const owner = await ownerOf(run);
  if (isElsewhere(owner)) return false;
  if (owner !== 'nobody') await rm(fileOf(run), { force: true });
  return await onDisk(run.folder, async () => {
    try {
      await writeFile(fileOf(run), `${process.pid} ${hostname()}\n`, { flag: 'wx' });
      return true;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    }
  });
}

export async function releaseRun(run: RunRecord): Promise<void> {
  await rm(fileOf(run), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too.
    return hasCode(error, 'EPERM');
  }
}
