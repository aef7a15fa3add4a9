import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { FetchOptions } from '@pawl/shared/bundle/fetch-bundle';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { FakeLogger } from '../../test/support/fake-logger.ts';
import { aBundleWithoutFiles } from '../../test/support/test-service.ts';
import { parseConfig } from '../config/config.schema.ts';
import { cacheFolder, fetchToCache, pruneCache } from './model-cache.ts';

const uri = 'https://store/catdog';
const digestOf = (hex: string) => `sha256:${hex.repeat(32)}`;

let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pawl-cache-'));
});
afterEach(async () => {
  await rm(cache, { recursive: true });
});

/** What {@link fetchToCache} asks for and gets, with a store that answers by `answers` in turn, and then well. */
function setUp(
  answers: ((options: FetchOptions) => Promise<Bundle>)[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const asked: { readonly at: number; readonly options: FetchOptions }[] = [];
  const well = async ({ directory }: FetchOptions): Promise<Bundle> => {
    await mkdir(directory, { recursive: true });
    return { ...aBundleWithoutFiles(), directory };
  };
  const fetch = (_: string, options: FetchOptions): Promise<Bundle> => {
    asked.push({ at: clock.monotonic(), options });
    return (answers.shift() ?? well)(options);
  };
  const config = parseConfig({
    MODEL_CACHE_DIR: cache,
    MODEL_DIGEST: digestOf('ab'),
    MODEL_FETCH_TIMEOUT_MS: '10000',
    ...env,
  });
  const stop = new AbortController();
  const fetched = () => fetchToCache(uri, config, logger, stop.signal, { fetch, clock });
  return { clock, logger, asked, stop, fetched };
}

const failing = (code: 'BUNDLE_STORE_UNREACHABLE' | 'BUNDLE_NOT_FOUND', message: string) => () =>
  Promise.reject(new PawlError(code, { message }));

/** The outcome of a promise, for a test that moves the clock in between. */
function outcomeOf<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const outcome: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => (outcome.value = value),
    (error: unknown) => (outcome.error = error),
  );
  return outcome;
}

describe('fetchToCache', () => {
  it('fetches the bundle to the folder of its digest, with the whole time limit', async () => {
    const { asked, fetched } = setUp();
    const { bundle, cached } = await fetched();
    expect(bundle.directory).toBe(cacheFolder(cache, digestOf('ab')));
    expect(cached).toBe(false);
    expect(asked).toMatchObject([{ options: { digest: digestOf('ab'), timeoutMs: 10_000 } }]);
  });

  it('tells a bundle that was in the cache before from one that was fetched', async () => {
    const folder = cacheFolder(cache, digestOf('ab'));
    await mkdir(folder);
    expect((await setUp().fetched()).cached).toBe(true);
    const replaced = async ({ directory }: FetchOptions): Promise<Bundle> => {
      await mkdir(`${directory}.new`);
      await rm(directory, { recursive: true });
      await rename(`${directory}.new`, directory);
      return aBundleWithoutFiles();
    };
    expect((await setUp([replaced]).fetched()).cached).toBe(false);
  });

  it('refuses to work without a digest: the folder is named by it', async () => {
    await expect(setUp([], { MODEL_DIGEST: '' }).fetched()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('retries a transient failure every two seconds, with the time that is left', async () => {
    const { clock, asked, logger, fetched } = setUp([
      failing('BUNDLE_STORE_UNREACHABLE', 'down'),
      failing('BUNDLE_STORE_UNREACHABLE', 'still down'),
    ]);
    const outcome = outcomeOf(fetched());
    for (const failures of [1, 2]) {
      // The file system answers at an unknown time; the pause begins only then.
      while (logger.messages('warn').length < failures) await clock.settle();
      await clock.advance(1999);
      expect(asked).toHaveLength(failures);
      await clock.advance(1);
    }
    while (outcome.value === undefined) await clock.settle();
    expect(asked.map(({ options }) => options.timeoutMs)).toEqual([10_000, 8_000, 6_000]);
    expect(logger.messages('warn')).toEqual([
      'model fetch failed, trying again | down',
      'model fetch failed, trying again | still down',
    ]);
  });

  it('gives up when the time is over, with the reason of the try before the last', async () => {
    const { clock, asked, fetched } = setUp(
      Array.from({ length: 99 }, (_, i) => failing('BUNDLE_STORE_UNREACHABLE', `failure ${i + 1}`)),
    );
    const outcome = outcomeOf(fetched());
    while (outcome.error === undefined) await clock.advance(1000);
    expect(outcome.error).toMatchObject({ message: `failure ${asked.length - 1}` });
    expect(asked.length).toBeGreaterThan(1);
    // From the first attempt on: before it, the file system answers at an unknown time.
    expect((asked.at(-1)?.at ?? NaN) - (asked[0]?.at ?? NaN)).toBeLessThanOrEqual(10_000);
  });

  it('does not retry a permanent failure', async () => {
    const { asked, fetched } = setUp([failing('BUNDLE_NOT_FOUND', 'no such bundle')]);
    await expect(fetched()).rejects.toMatchObject({ code: 'BUNDLE_NOT_FOUND' });
    expect(asked).toHaveLength(1);
  });

  it('ends a pause when the pod is stopped', async () => {
    const { clock, logger, stop, fetched } = setUp([failing('BUNDLE_STORE_UNREACHABLE', 'down')]);
    const outcome = outcomeOf(fetched());
    while (logger.messages('warn').length === 0) await clock.settle();
    const reason = new Error('the pod was stopped');
    stop.abort(reason);
    await clock.settle();
    expect(outcome.error).toBe(reason);
    expect(clock.pending).toBe(0);
  });
});

describe('pruneCache', () => {
  /** A bundle that was last used so many days ago. */
  async function used(hex: string, days: number): Promise<string> {
    const folder = cacheFolder(cache, digestOf(hex));
    await mkdir(folder);
    const at = new Date(Date.UTC(2024, 0, 100 - days));
    await utimes(folder, at, at);
    return folder;
  }

  const inUse = (directory: string): Bundle => ({ ...aBundleWithoutFiles(), directory });
  let logger: FakeLogger;

  beforeEach(() => {
    logger = new FakeLogger();
  });

  it('keeps the bundle in use and the most recently used others', async () => {
    const mine = await used('aa', 50);
    await used('bb', 3);
    await used('cc', 1);
    await used('dd', 2);
    const deleted = await pruneCache(cache, 3, inUse(mine), logger);
    expect(deleted).toEqual([`sha256-${'bb'.repeat(32)}`]);
    expect((await readdir(cache)).toSorted()).toEqual(['aa', 'cc', 'dd'].map((hex) => `sha256-${hex.repeat(32)}`));
  });

  it('marks the bundle in use as just used, for the pods that prune after it', async () => {
    const mine = await used('aa', 50);
    const before = (await stat(mine)).mtimeMs;
    await pruneCache(cache, 1, inUse(mine), logger);
    expect((await stat(mine)).mtimeMs).toBeGreaterThan(before);
  });

  it('logs a bundle that cannot be deleted, and serves the one in use all the same', async () => {
    const mine = await used('aa', 0);
    const [newer, older] = [await used('bb', 1), await used('cc', 2)];
    const remove = async (folder: string) => {
      if (folder === older) throw new Error('EBUSY: resource busy');
      await rm(folder, { recursive: true });
    };
    expect(await pruneCache(cache, 1, inUse(mine), logger, remove)).toEqual([basename(newer)]);
    expect(logger.messages('warn')).toEqual(['old bundles stay in the cache | EBUSY: resource busy']);
  });

  it('logs a cache that cannot be written', async () => {
    expect(await pruneCache(cache, 1, inUse(join(cache, 'gone')), logger)).toEqual([]);
    expect(logger.messages('warn')).toEqual([expect.stringMatching(/^old bundles stay in the cache .*ENOENT/)]);
  });

  it('does not touch files that are no bundle', async () => {
    const mine = await used('aa', 0);
    await mkdir(join(cache, 'lost+found'));
    await mkdir(`${mine}.partial-0123`);
    expect(await pruneCache(cache, 1, inUse(mine), logger)).toEqual([]);
    expect(await readdir(cache)).toHaveLength(3);
  });
});
