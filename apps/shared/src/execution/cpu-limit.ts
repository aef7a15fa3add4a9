import { availableParallelism } from 'node:os';
import { type CgroupLimit, readSystemText, type ReadText, tightestLimit } from './cgroup.ts';

/** What {@link cpuLimit} reads; injected so that tests can describe any container. */
export interface CpuLimitSources {
  readonly read: ReadText;
  /** CPUs that the scheduler lets this process use (affinity), at least 1. */
  readonly parallelism: () => number;
}

const systemSources: CpuLimitSources = { read: readSystemText, parallelism: availableParallelism };

/** `quota period` in microseconds as CPUs, or undefined when unlimited or unreadable. */
function quotaToCpus(quota: string | undefined, period: string | undefined): number | undefined {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : undefined;
}

/** The CPU limit of cgroup v2 (`cpu.max`) or v1 (`cpu.cfs_quota_us`), in CPUs. */
const cpus: CgroupLimit = {
  controller: 'cpu',
  v1: (file) => quotaToCpus(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us')),
  v2: (file) => {
    const [quota, period] = (file('cpu.max') ?? '').trim().split(' ');
    return quotaToCpus(quota, period);
  },
};

/**
 * Whole CPUs that this process may keep busy: the container's CPU limit under cgroup v1 or v2 rounded down, at most the
 * CPUs the scheduler offers, at least 1. Rounded down because a thread more than the quota is throttled, which costs
 * latency, while the main thread uses the remainder.
 */
export function cpuLimit(sources: CpuLimitSources = systemSources): number {
  const offered = sources.parallelism();
  return Math.max(1, Math.floor(Math.min(tightestLimit(sources.read, cpus) ?? offered, offered)));
}
