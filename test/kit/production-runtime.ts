import { globSync } from 'node:fs';

/** How production starts the service, by variables of the process. */
export interface ProductionRuntime {
  readonly env: Readonly<Record<string, string>>;
  /** In words, for reports. */
  readonly allocator: string;
}

/**
 * The settings of docs/decisions/0005-memory.md: bounded heaps, so that upload buffers are collected soon,
 * and jemalloc where Debian's libjemalloc2 is installed, as it will be in the image; else glibc told to give back early.
 */
export function productionRuntime(): ProductionRuntime {
  const NODE_OPTIONS = '--max-semi-space-size=4 --max-old-space-size=96';
  const [jemalloc] = globSync('/usr/lib/*/libjemalloc.so.2');
  return jemalloc === undefined
    ? {
        env: {
          NODE_OPTIONS,
          MALLOC_ARENA_MAX: '2',
          MALLOC_MMAP_THRESHOLD_: '1048576',
          MALLOC_TRIM_THRESHOLD_: '1048576',
        },
        allocator: 'glibc that gives back early (libjemalloc2 is not installed)',
      }
    : {
        env: {
          NODE_OPTIONS,
          LD_PRELOAD: jemalloc,
          MALLOC_CONF: 'background_thread:true,narenas:2,dirty_decay_ms:5000,muzzy_decay_ms:0',
        },
        allocator: 'jemalloc',
      };
}
