import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** Text of a file, or undefined where it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** Reads the files of this machine. */
export const readSystemText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** How one controller says its limit in one folder, in either version; undefined where it says none. */
export interface CgroupLimit {
  /** Controller of version 1: `cpu`, `memory`. */
  readonly controller: string;
  /** @param file reads a file of the folder under version 1. */
  readonly v1: (file: ReadText) => number | undefined;
  /** @param file reads a file of the folder under version 2. */
  readonly v2: (file: ReadText) => number | undefined;
}

/**
 * The tightest limit on this process under cgroup v1 and v2: that of its own folder or of one above it, since all of
 * them hold. Undefined where there is none.
 */
export function tightestLimit(read: ReadText, { controller, v1, v2 }: CgroupLimit): number | undefined {
  const limits: (number | undefined)[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '0::/').trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isV2 = controllers === '';
    if (!isV2 && !controllers.split(',').includes(controller)) continue;
    for (const folder of withAncestors(path)) {
      const base = posix.join('/sys/fs/cgroup', isV2 ? '' : controller, folder);
      limits.push((isV2 ? v2 : v1)((file) => read(posix.join(base, file))));
    }
  }
  const known = limits.filter((limit) => limit !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The cgroup's own folder and those above it, root last. */
function withAncestors(path: string): string[] {
  const folders = [path];
  while (path !== '/' && path !== '.') {
    path = posix.dirname(path);
    folders.push(path);
  }
  return folders;
}
