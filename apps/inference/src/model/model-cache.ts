import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOfDigest } from '@pawl/shared/bundle/digest';
import { fetchBundle } from '@pawl/shared/bundle/fetch-bundle';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { sleep, systemClock, type Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Config } from '../config/config.schema.ts';
import type { Logger } from '../logging/logger.ts';
import { readPublicKey, storeOptionsOf } from './bundle-source.ts';

/** Pause between fetches that failed for a transient reason; each fetch itself retries for about ten seconds. */
const RETRY_MS = 2_000;

/** The cache's connection to the outside; tests give their own. */
export interface CachePorts {
  /** Fetches a bundle to a folder, see {@link fetchBundle}. */
  readonly fetch?: typeof fetchBundle;
  readonly clock?: Clock;
}

/** A bundle in the cache, and whether it lay there before. */
export interface CachedBundle {
  readonly bundle: Bundle;
  readonly cached: boolean;
}

/** Folder of a bundle in a cache that pods may share: `<cache>/sha256-<hex>`. */
export function cacheFolder(cacheDirectory: string, digest: string): string {
  return join(cacheDirectory, folderOfDigest(digest));
}

/**
 * Fetches a bundle to the cache and verifies it; a whole bundle that is already in the cache needs no request to a
 * store. A transient failure is tried again until `MODEL_FETCH_TIMEOUT_MS` is over, then the last failure is thrown.
 *
 * @throws PawlError with a BUNDLE_ code, or CONFIG_INVALID without `MODEL_DIGEST`: the folder is named by it.
 */
export async function fetchToCache(
  uri: string,
  config: Config,
  logger: Logger,
  signal: AbortSignal,
  { fetch = fetchBundle, clock = systemClock }: CachePorts = {},
): Promise<CachedBundle> {
  const digest = config.MODEL_DIGEST;
  if (digest === undefined)
    throw new PawlError('CONFIG_INVALID', { message: 'MODEL_DIGEST is not set: the cache is kept by digest.' });
  const publicKeyPem = await readPublicKey(config);
  const directory = cacheFolder(config.MODEL_CACHE_DIR, digest);
  const before = await inodeOf(directory);
  const end = clock.monotonic() + config.MODEL_FETCH_TIMEOUT_MS;
  for (let lastError: PawlError | undefined; ;) {
    const timeoutMs = Math.ceil(end - clock.monotonic());
    try {
      const bundle = await fetch(uri, {
        directory,
        digest,
        publicKeyPem,
        ...storeOptionsOf(config),
        timeoutMs,
        signal,
      });
      return { bundle, cached: before !== undefined && before === (await inodeOf(directory)) };
    } catch (error) {
      if (!(error instanceof PawlError) || !error.transient) throw error;
      const timeIsOver = end - clock.monotonic() < RETRY_MS;
      // The failure before the timeout says more than the timeout itself.
      if (timeIsOver) throw lastError ?? error;
      lastError = error;
      logger.warn({ code: error.code, retryMs: RETRY_MS }, `model fetch failed, trying again | ${error.message}`);
      await sleep(clock, RETRY_MS, signal);
      signal.throwIfAborted();
    }
  }
}

/**
 * Deletes all but the `keep` most recently used bundles of a shared cache. A pod that reads a deleted bundle can still
 * read it, but cannot open it again: keep as many as are served at the same time.
 *
 * @param remove deletes a folder with everything in it; `rm` by default.
 * @returns the names of the deleted folders. A failure is logged and ends the deletion: the bundle in use is served
 *   whether the others are gone or not.
 */
export async function pruneCache(
  cacheDirectory: string,
  keep: number,
  inUse: Bundle,
  logger: Logger,
  remove: (folder: string) => Promise<void> = (folder) => rm(folder, { recursive: true, force: true }),
): Promise<string[]> {
  const deleted: string[] = [];
  try {
    const now = new Date();
    await utimes(inUse.directory, now, now);
    for (const name of await leastRecentlyUsed(cacheDirectory, keep, inUse)) {
      await remove(join(cacheDirectory, name));
      deleted.push(name);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ deleted }, `old bundles stay in the cache | ${reason}`);
  }
  return deleted;
}

/** Names of all bundles of a cache but the `keep` most recently used ones, of which `inUse` is one. */
async function leastRecentlyUsed(cacheDirectory: string, keep: number, inUse: Bundle): Promise<string[]> {
  const names = (await readdir(cacheDirectory)).filter((name) => /^sha256-[0-9a-f]{64}$/.test(name));
  const used = await Promise.all(
    names.map(async (name) => ({
      name,
      // Another pod may have pruned it meanwhile.
      at: (await stat(join(cacheDirectory, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  return used
    .filter(({ name }) => join(cacheDirectory, name) !== inUse.directory)
    .sort((a, b) => b.at - a.at)
    .slice(Math.max(0, keep - 1))
    .map(({ name }) => name);
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino;
}
