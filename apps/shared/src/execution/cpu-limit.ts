import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/** What {@link cpuLimit} reads; injected so that tests can describe any container. */
export interface CpuLimitSources {
  /** Text of a file, or undefined where it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** CPUs that the scheduler lets this process use (affinity), at least 1. */
  readonly parallelism: () => number;
}

const systemSources: CpuLimitSources = {
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  parallelism: availableParallelism,
};

/** The cgroup's own folder and those above it, root last: a limit on any of them holds. */
function withAncestors(path: string): string[] {
  const folders = [path];
  while (path !== '/' && path !== '.') {
    path = posix.dirname(path);
    folders.push(path);
  }
  return folders;
}

/** `quota period` in microseconds as CPUs, or undefined when unlimited or unreadable. */
function quotaToCpus(quota: string | undefined, period: string | undefined): number | undefined {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : undefined;
}

/** The CPU limit of cgroup v2 (`cpu.max`) or v1 (`cpu.cfs_quota_us`), in CPUs. */
function cgroupCpus(read: CpuLimitSources['read']): number | undefined {
  const limits: (number | undefined)[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '0::/').trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const folder of withAncestors(path)) {
      if (controllers === '') {
        const [quota, period] = (read(posix.join('/sys/fs/cgroup', folder, 'cpu.max')) ?? '').trim().split(' ');
        limits.push(quotaToCpus(quota, period));
      } else if (controllers.split(',').includes('cpu')) {
        const base = posix.join('/sys/fs/cgroup/cpu', folder);
        limits.push(
          quotaToCpus(read(posix.join(base, 'cpu.cfs_quota_us')), read(posix.join(base, 'cpu.cfs_period_us'))),
        );
      }
    }
  }
  const known = limits.filter((limit) => limit !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/**
 * Whole CPUs that this process may keep busy: the container's CPU limit under cgroup v1 or v2 rounded down, at most the
 * CPUs the scheduler offers, at least 1. Rounded down because a thread more than the quota is throttled, which costs
 * latency, while the main thread uses the remainder.
 */
export function cpuLimit(sources: CpuLimitSources = systemSources): number {
  const offered = sources.parallelism();
  return Math.max(1, Math.floor(Math.min(cgroupCpus(sources.read) ?? offered, offered)));
}
