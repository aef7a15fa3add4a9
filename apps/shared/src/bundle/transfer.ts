import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { systemClock } from '../concurrency/clock.ts';
import { startDeadline } from '../concurrency/deadline.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { chunksOf, createDigester, type Digester } from './digest.ts';
import { targetError } from './install-directory.ts';
import { withRetry, type RetryClock, type RetryPolicy } from '../concurrency/retry.ts';
import { unreachable, type ReadOptions, type StoreRead } from './stores/store.ts';

/** What every transfer obeys. */
export interface TransferPolicy {
  readonly retry: RetryPolicy;
  readonly clock: RetryClock;
  /** Milliseconds without any byte, or without an answer at all, after which a connection counts as broken. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** How a transfer reaches its bytes. */
export type OpenRead = (options: ReadOptions) => Promise<StoreRead>;

/** A file that is to be fetched. */
export interface ExpectedFile {
  /** Name for messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>`. */
  readonly sha256: string;
}

/**
 * Reads a small file whole into memory.
 *
 * @throws PawlError of the store; what `tooLarge` makes, as soon as more than `maxBytes` have come.
 */
export async function readSmallFile(
  read: OpenRead,
  limits: { readonly name: string; readonly maxBytes: number; readonly tooLarge: () => PawlError },
  policy: TransferPolicy,
): Promise<Buffer> {
  return await attempts(policy, async (watch) => {
    const { stream } = await read({ offset: 0, signal: watch.signal });
    const chunks: Buffer[] = [];
    let size = 0;
    await consume(stream, limits.name, watch, (chunk) => {
      size += chunk.length;
      if (size > limits.maxBytes) throw limits.tooLarge();
      chunks.push(Buffer.from(chunk));
      return Promise.resolve(undefined);
    });
    return Buffer.concat(chunks, size);
  });
}

/**
 * Fetches a file to `path`, from where an earlier attempt ended, and verifies size and sha256. What lies at `path` is
 * only trusted to be a beginning: if the whole does not match, it is thrown away and the file is fetched once more from
 * its first byte.
 *
 * @throws PawlError of the store, BUNDLE_DIGEST_MISMATCH, BUNDLE_TARGET_INVALID.
 */
export async function fetchFile(
  read: OpenRead,
  expected: ExpectedFile,
  path: string,
  policy: TransferPolicy,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch(rethrowTarget);
  await attempts(policy, async (watch, progress) => {
    for (let resume = true; ; resume = false) {
      const outcome = await fetchOnce(read, expected, path, resume, watch, progress);
      if (outcome === 'complete') return;
      await rm(path, { force: true });
      if (outcome.beganInTheMiddle) continue;
      throw outcome.mismatch;
    }
  });
}

type FetchOutcome = 'complete' | { readonly beganInTheMiddle: boolean; readonly mismatch: PawlError };

async function fetchOnce(
  read: OpenRead,
  expected: ExpectedFile,
  path: string,
  resume: boolean,
  watch: Watch,
  progress: () => void,
): Promise<FetchOutcome> {
  await using file = await open(path, resume ? 'a+' : 'w+').catch(rethrowTarget);
  let digester = createDigester();
  let size = await digestPrefix(file, digester, expected.size);
  let began = size;
  const mismatch = (problem: string): FetchOutcome => ({
    beganInTheMiddle: began > 0,
    mismatch: new PawlError('BUNDLE_DIGEST_MISMATCH', { message: `${expected.name} ${problem}` }),
  });
  if (size < expected.size || expected.size === 0) {
    const answer = await read({ offset: size, signal: watch.signal });
    if (answer.size !== undefined && answer.size !== expected.size) {
      answer.stream.destroy();
      return mismatch(`has ${answer.size} bytes in the store; expected ${expected.size}`);
    }
    if (answer.offset !== size) {
      await file.truncate(0).catch(rethrowTarget);
      digester = createDigester();
      size = began = 0;
    }
    await consume(answer.stream, expected.name, watch, async (chunk) => {
      size += chunk.length;
      if (size > expected.size) return 'stop';
      digester.update(chunk);
      await file.appendFile(chunk).catch(rethrowTarget);
      progress();
      return undefined;
    });
  }
  if (size > expected.size) return mismatch(`goes on after its ${expected.size} bytes`);
  if (size < expected.size) return mismatch(`ends after ${size} bytes; expected ${expected.size}`);
  const digest = digester.digest();
  return digest === expected.sha256 ? 'complete' : mismatch(`is ${digest}; expected ${expected.sha256}`);
}

/** Takes up what is already there; more than the whole is worth nothing. */
async function digestPrefix(file: FileHandle, digester: Digester, wholeSize: number): Promise<number> {
  const { size } = await file.stat();
  if (size > wholeSize) {
    await file.truncate(0).catch(rethrowTarget);
    return 0;
  }
  for await (const chunk of chunksOf(file)) digester.update(chunk);
  return size;
}

/** One attempt's time limit: `touch` says that a byte came. */
interface Watch {
  readonly signal: AbortSignal;
  touch(): void;
}

async function attempts<Result>(
  policy: TransferPolicy,
  attempt: (watch: Watch, progress: () => void) => Promise<Result>,
): Promise<Result> {
  return await withRetry(policy.retry, policy.clock, policy.signal, async (progress) => {
    const silent = () =>
      new PawlError('BUNDLE_STORE_UNREACHABLE', {
        message: `the store sent nothing for ${policy.idleTimeoutMs} ms`,
      });
    const idle = startDeadline(systemClock, { ms: policy.idleTimeoutMs, reason: silent }, policy.signal);
    const { signal } = idle;
    try {
      return await attempt(
        {
          signal,
          touch: () => {
            idle.extend();
          },
        },
        progress,
      );
    } catch (error) {
      // Whatever an aborted client throws, the reason of the abort is what happened.
      throw signal.aborted ? signal.reason : error;
    } finally {
      idle.done();
    }
  });
}

/** Reads a store's stream; its own failures mean a broken connection, those of `take` are passed on as they are. */
async function consume(
  stream: Readable,
  name: string,
  watch: Watch,
  take: (chunk: Uint8Array) => Promise<'stop' | undefined>,
): Promise<void> {
  const stop = () => {
    stream.destroy(new Error('aborted'));
  };
  watch.signal.addEventListener('abort', stop, { once: true });
  if (watch.signal.aborted) stop();
  let taking: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      watch.touch();
      try {
        if ((await take(chunk)) === 'stop') break;
      } catch (error) {
        taking = { error };
        throw error;
      }
    }
  } catch (error) {
    if (taking !== undefined) throw taking.error;
    throw error instanceof PawlError ? error : unreachable(name, error);
  } finally {
    watch.signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function rethrowTarget(cause: unknown): never {
  throw targetError(cause);
}
