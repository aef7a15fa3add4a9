import { totalmem } from 'node:os';
import { type CgroupLimit, readSystemText, type ReadText, tightestLimit } from './cgroup.ts';

/** What {@link memoryLimit} reads; injected so that tests can describe any container. */
export interface MemoryLimitSources {
  readonly read: ReadText;
  /** Memory of the machine, bytes. */
  readonly total: () => number;
}

const systemSources: MemoryLimitSources = { read: readSystemText, total: totalmem };

/** The memory limit of cgroup v2 (`memory.max`) or v1 (`memory.limit_in_bytes`), bytes. */
const bytes: CgroupLimit = {
  controller: 'memory',
  v1: (file) => toBytes(file('memory.limit_in_bytes')),
  v2: (file) => toBytes(file('memory.max')),
};

/** `max` and what is not there are no limit. */
function toBytes(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : undefined;
}

/**
 * Memory that this process and its children may use, bytes: the container's limit under cgroup v1 or v2, at most the
 * machine's memory (version 1 says "none" by a number far above it).
 */
export function memoryLimit(sources: MemoryLimitSources = systemSources): number {
  const total = sources.total();
  return Math.min(tightestLimit(sources.read, bytes) ?? total, total);
}
