import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { openWritableStore, type StoreOptions } from '@pawl/shared/bundle/stores/store-table';
import { codeOf } from '@pawl/shared/errors/system-error';
import { begunAtOf } from '@pawl/shared/predictionlog/object-name';
import { CliError } from '../../errors/cli-error.ts';

/** A file of the log. */
export interface LogFile {
  /** As it is shown. */
  readonly name: string;
  /** Opens it from its start; may be called again. */
  open(signal: AbortSignal): Promise<Readable>;
}

/** Where files of the log are, with what frees it. */
export interface LogFiles {
  readonly files: readonly LogFile[];
  close(): void;
}

/** A part of time, milliseconds since 1970, with both ends. */
export interface TimeSpan {
  readonly since: number;
  readonly until: number;
}

/** Names that are read of a folder or a prefix; a file that is named itself may have any. */
const LOG_NAME = /\.(jsonl|ndjson|json|log)(\.gz)?$/;
/** An object has lines of at most an hour (PREDICTION_LOG_OBJECT_SECONDS), and clocks are a little off. */
const LONGEST_OBJECT_MS = 2 * 3_600_000;

/** Pure: whether a file may hold lines of the time, by the time in its name; yes where the name says none. */
function mayHold(path: string, { since, until }: TimeSpan): boolean {
  const begunAt = begunAtOf(path);
  return begunAt === undefined || (begunAt <= until + LONGEST_OBJECT_MS && begunAt + LONGEST_OBJECT_MS >= since);
}

/**
 * The files of a source, by name: a file, a folder with all below it, or an `s3://bucket/prefix`.
 *
 * @throws CliError FILE_NOT_FOUND, USAGE; PawlError as the store says.
 */
export async function logFilesOf(
  source: string,
  cwd: string,
  span: TimeSpan,
  options: StoreOptions,
  signal: AbortSignal,
): Promise<LogFiles> {
  if (/^s3:\/\//i.test(source)) return await objectsOf(source, span, options, signal);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source) && !source.startsWith('file://'))
    throw new CliError(
      'USAGE',
      `${source} is no source of a log.`,
      'Name files, folders or addresses s3://bucket/prefix.',
    );
  return { files: await filesOf(source, cwd, span), close: () => undefined };
}

async function objectsOf(
  source: string,
  span: TimeSpan,
  options: StoreOptions,
  signal: AbortSignal,
): Promise<LogFiles> {
  const store = await openWritableStore(parseBundleUri(source), options);
  if (store === undefined) throw new Error(`${source} cannot be listed`);
  const files: LogFile[] = [];
  for await (const { path } of store.list({ signal }))
    if (path === '' || (LOG_NAME.test(path) && mayHold(path, span)))
      files.push({
        name: path === '' ? store.display : `${store.display}/${path}`,
        open: async (stop) => (await store.read(path, { signal: stop })).stream,
      });
  return {
    files,
    close: () => {
      store.close();
    },
  };
}

async function filesOf(source: string, cwd: string, span: TimeSpan): Promise<readonly LogFile[]> {
  const path = source.startsWith('file://') ? fileURLToPath(source) : resolve(cwd, source);
  const found = await stat(path).catch((cause: unknown) => {
    const code = codeOf(cause) ?? 'unknown error';
    throw new CliError('FILE_NOT_FOUND', `${source} cannot be read (${code}).`, 'Check the path.', cause);
  });
  const paths = found.isDirectory() ? await pathsBelow(path, span) : [path];
  return paths.map((each) => ({
    name: each === path ? source : join(source, relative(path, each)),
    open: (signal) => Promise.resolve(createReadStream(each, { signal })),
  }));
}

async function pathsBelow(folder: string, span: TimeSpan): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return (
    entries
      // A hidden one is being written.
      .filter((entry) => entry.isFile() && !basename(entry.name).startsWith('.') && LOG_NAME.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => mayHold(path, span))
      .sort()
  );
}
