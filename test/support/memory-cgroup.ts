import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@pawl/test-kit/eventually';

/** A memory cgroup of a test's own: what the kernel makes of a container's memory limit. */
export interface MemoryCgroup {
  /** Put before a command, starts it in the group, with all that it starts itself. */
  readonly prefix: readonly string[];
  /** Processes that the kernel has ended because the group was full. */
  oomKills(): number;
  /** Most memory that the group has had at once, page cache included, bytes. */
  peakBytes(): number;
  /** Removes it, once its processes are gone. */
  remove(): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';

/** Names of files by version of the interface. */
const versions = {
  v1: {
    folder: join(ROOT, 'memory'),
    limit: 'memory.limit_in_bytes',
    events: 'memory.oom_control',
    peak: 'memory.max_usage_in_bytes',
  },
  v2: { folder: ROOT, limit: 'memory.max', events: 'memory.events', peak: 'memory.peak' },
} as const;

/**
 * Makes a group with a limit under whichever version of cgroups this machine has.
 * @returns a sentence about why not, where that is not possible: it needs root on a machine with a writable cgroup tree.
 */
export function createMemoryCgroup(limitBytes: number): MemoryCgroup | string {
  const version = existsSync(join(versions.v1.folder, versions.v1.limit)) ? versions.v1 : versions.v2;
  const folder = join(version.folder, `pawl-test-${process.pid}-${Math.round(limitBytes)}`);
  const file = (name: string): string => join(folder, name);
  try {
    if (version === versions.v2) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+memory');
    mkdirSync(folder);
    writeFileSync(file(version.limit), String(limitBytes));
    // Swap would hide that memory is short.
    if (existsSync(file('memory.swap.max'))) writeFileSync(file('memory.swap.max'), '0');
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder);
    return `no memory cgroup can be made here (${error instanceof Error ? error.message : String(error)})`;
  }
  return {
    prefix: ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder],
    oomKills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(file(version.events), 'utf8'))?.[1]),
    peakBytes: () => Number(readFileSync(file(version.peak), 'utf8')),
    remove: async () => {
      // Ended processes are taken off the group a moment later.
      await eventually('the memory cgroup to be empty', () => {
        rmdirSync(folder);
        return true;
      });
    },
  };
}
