import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readPredictionLine, type PredictionLine } from '@pawl/shared/predictionlog/prediction-line';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { codeOf } from '@pawl/shared/errors/system-error';
import { atStore, storeOptions } from '../../bundles/stores.ts';
import { CliError } from '../../errors/cli-error.ts';
import { writeError } from '../../errors/write-error.ts';
import type { Context } from '../../terminal/context.ts';
import { createProgress, type Progress } from '../../terminal/progress.ts';
import { plain } from '../../terminal/text.ts';
import { PAWL_VERSION } from '../../terminal/version.ts';
import { SeenColumns } from './log-columns.ts';
import { linesOf } from './log-lines.ts';
import { logFilesOf, type LogFile, type LogFiles, type TimeSpan } from './log-sources.ts';
import { ParquetTable } from './parquet-table.ts';

/** Lines of a row group: what is in memory at once. */
const GROUP_LINES = 20_000;

export interface ExportOptions {
  readonly sources: readonly string[];
  /** As on the command line. */
  readonly out: string;
  readonly span: TimeSpan;
}

/** The file that is written, and as it is shown. */
interface Target {
  readonly path: string;
  readonly shown: string;
}

/** What a pass over the files found. */
interface Tally {
  predictions: number;
  /** Lines outside the span of time. */
  outside: number;
  /** Lines of JSON that are none of predictions. */
  other: number;
  /** Lines that cannot be read, and files that end in the middle. */
  bad: number;
  firstBad: string | undefined;
}

/**
 * Writes the predictions of the sources into one Parquet file.
 *
 * @throws CliError FILE_NOT_FOUND, USAGE, DATA_EMPTY, FILE_WRITE_FAILED, DISK_FULL; PawlError as a store says.
 */
export async function runExport(context: Context, { sources, out, span }: ExportOptions): Promise<void> {
  const { cwd, signal, stderr } = context;
  const options = storeOptions(context);
  const found: LogFiles[] = [];
  const partial = `${resolve(cwd, out)}.partial`;
  try {
    for (const source of sources) {
      const list = () => logFilesOf(source, cwd, span, options, signal);
      found.push(await (/^s3:\/\//i.test(source) ? atStore(source, list) : list()));
    }
    const files = found.flatMap((each) => each.files);
    const progress = await createProgress(context, 'export', files.length);
    const tally = await exportFiles(files, { path: partial, shown: out }, span, progress, signal);
    if (tally.firstBad !== undefined)
      stderr.write(`warning: ${tally.bad} lines could not be read; the first: ${plain(tally.firstBad)}\n`);
    if (tally.predictions === 0) throw nothingFound(files.length, tally);
    await writing(out, () => rename(partial, resolve(cwd, out)));
    const others = tally.other > 0 ? `, ${tally.other} lines of something else left out` : '';
    progress.done(`${tally.predictions} predictions of ${files.length} files in ${out}${others}`);
  } finally {
    // Gone already where all went well.
    await rm(partial, { force: true }).catch(() => undefined);
    for (const each of found) each.close();
  }
}

/**
 * Columns are settled by the first lines. A later line that needs another one has the work begin again, with that column:
 * this happens once for every model whose labels or statistics differ, and keeps memory at one row group.
 */
async function exportFiles(
  files: readonly LogFile[],
  to: Target,
  span: TimeSpan,
  progress: Progress,
  signal: AbortSignal,
): Promise<Tally> {
  const seen = new SeenColumns();
  for (;;) {
    const tally = await tryExport(files, to, span, seen, progress, signal);
    if (tally !== undefined) return tally;
  }
}

/** One pass; undefined where the columns did not suffice. */
async function tryExport(
  files: readonly LogFile[],
  { path, shown }: Target,
  span: TimeSpan,
  seen: SeenColumns,
  progress: Progress,
  signal: AbortSignal,
): Promise<Tally | undefined> {
  const tally: Tally = { predictions: 0, outside: 0, other: 0, bad: 0, firstBad: undefined };
  let table: ParquetTable | undefined;
  let group: PredictionLine[] = [];
  const flush = async (): Promise<void> => {
    await writing(shown, async () => {
      table ??= new ParquetTable(path, seen.columns, `pawl version ${PAWL_VERSION}`);
      await table.write(group);
    });
    group = [];
  };
  for (const [index, file] of files.entries()) {
    for await (const line of predictionsOf(file, span, tally, signal)) {
      const isNew = seen.add(line);
      if (isNew && table !== undefined) return undefined;
      group.push(line);
      if (group.length === GROUP_LINES) await flush();
    }
    progress.update(index + 1, `${tally.predictions} predictions`);
  }
  if (group.length > 0) await flush();
  await writing(shown, async () => table?.finish());
  return tally;
}

/** The predictions of a file that are of the time; what else there is, is counted. */
async function* predictionsOf(
  file: LogFile,
  { since, until }: TimeSpan,
  tally: Tally,
  signal: AbortSignal,
): AsyncGenerator<PredictionLine> {
  const bad = (where: string, problem: string): void => {
    tally.bad += 1;
    tally.firstBad ??= `${file.name}${where}: ${problem}`;
  };
  try {
    for await (const { number, text } of linesOf(await file.open(signal))) {
      signal.throwIfAborted();
      const read = text === undefined ? { kind: 'bad' as const, problem: 'it is too long' } : readPredictionLine(text);
      if (read.kind === 'bad') bad(`, line ${number}`, read.problem);
      else if (read.kind === 'other') tally.other += 1;
      else {
        const at = Date.parse(read.line.time);
        if (at < since || at > until) tally.outside += 1;
        else {
          tally.predictions += 1;
          yield read.line;
        }
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    // A file that was cut off says what it has; one that cannot be reached says nothing of the rest.
    if (!isDamaged(error)) throw readError(file.name, error);
    bad('', `it is cut off or damaged (${codeOf(error) ?? ''})`);
  }
}

/** @throws CliError of {@link writeError}. */
async function writing(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw writeError(path, cause, { elsewhere: 'name another file with --out' });
  }
}

function readError(name: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === undefined || cause instanceof PawlError) return cause;
  const hint = 'Check that you may read it and that its store is up, and run the same command again.';
  return new CliError('DATA_UNREADABLE', `${name} cannot be read (${code}).`, hint, cause);
}

/** Whether an error is of the content of a gzip file. */
const isDamaged = (error: unknown): boolean =>
  !(error instanceof PawlError) && (codeOf(error)?.startsWith('Z_') ?? false);

function nothingFound(files: number, { outside, other, bad }: Tally): CliError {
  const what = [`${outside} of another time`, `${other} of something else`, `${bad} that cannot be read`].join(', ');
  return new CliError(
    'DATA_EMPTY',
    `There is no prediction in ${files} files: of their lines, ${what}.`,
    'Name the folder or prefix that PREDICTION_LOG names, and a time in which the service answered (--since, --until).',
  );
}
