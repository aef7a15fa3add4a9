import type { Manifest } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';
import { modelOf, withLocalModel } from '../../bundles/local-model.ts';
import { withBundle } from '../../bundles/read-bundle.ts';
import type { Context } from '../../terminal/context.ts';
import { createProgress } from '../../terminal/progress.ts';
import { count } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { outcomeOf, TallyCounter, type AnswerRow, type Tally } from './answer-row.ts';
import { answerTable } from './answer-table.ts';
import { classifyPicture } from './classify-picture.ts';
import type { FoundPictures, Picture } from './find-pictures.ts';
import { inOrder } from './in-order.ts';
import { OutputFile, partialName } from './output-file.ts';
import { recordFormat, type RecordFormatName, type RecordShape } from './record-format.ts';
import { writeAll } from './write-all.ts';

/** Labels up to which each has its own probability in a record. */
const FEW_LABELS = 10;
/** Probabilities in a record of a model of more labels. */
const TOP_OF_MANY = 5;
/** Answers for each worker's place that may wait for a picture that takes longer. */
const AHEAD = 32;

export interface PredictOptions {
  /** Address of the bundle. */
  readonly uri: string;
  /** `sha256:<hex>` that it must have; undefined: any. */
  readonly digest: string | undefined;
  readonly found: FoundPictures;
  readonly format: RecordFormatName | 'table';
  /** The file that rows go to, absolute and as a person typed it; undefined: standard output. */
  readonly out: { readonly path: string; readonly name: string } | undefined;
  /** Probabilities in a row, the largest ones; 0: all; undefined: all of up to ten labels, else five. */
  readonly top: number | undefined;
}

/** What a run did. */
export interface Prediction {
  readonly manifest: Manifest;
  readonly digest: string;
  readonly tally: Tally;
  /** Pictures with a row. */
  readonly pictures: number;
  /** Pictures whose row an earlier run had written. */
  readonly kept: number;
  /** Seconds that the others took. */
  readonly seconds: number;
}

/** Where rows go. */
interface Sink {
  /** Rows that are there already. */
  readonly kept: OutputFile['kept'] | undefined;
  /** @returns whether more is wanted. */
  write(row: AnswerRow): Promise<boolean>;
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Asks a bundle, loaded as the service loads it, about every picture, and writes a row for each, in their order.
 *
 * @throws CliError GRAPH_INVALID, DISK_FULL, FILE_WRITE_FAILED, INTERRUPTED; PawlError of the bundle.
 */
export async function predict(context: Context, options: PredictOptions, theme: Theme): Promise<Prediction> {
  const { uri, found } = options;
  const { pictures } = found;
  return await withBundle(context, uri, { digest: options.digest }, async (bundle) => {
    const { manifest, digest } = bundle;
    const sink = await openSink(context, options, { manifest, digest }, theme);
    const tally = new TallyCounter(manifest.labels);
    for (const outcome of sink.kept?.outcomes ?? []) tally.add(outcome);
    const kept = sink.kept?.rows ?? 0;
    let done = kept;
    let began = context.now().getTime();
    const ask = async (rest: readonly Picture[]) => {
      const model = await modelOf(bundle, context.signal);
      await withLocalModel(model, context.signal, async (local) => {
        began = context.now().getTime();
        const progress = await createProgress(barContext(context, options), 'predict', rest.length);
        const pace = { limit: local.capacity, ahead: local.capacity * AHEAD };
        for await (const row of inOrder(rest, pace, (picture) => classifyPicture(local, manifest, picture))) {
          tally.add(outcomeOf(row));
          const isWanted = await sink.write(row);
          done += 1;
          progress.update(done - kept);
          if (!isWanted) break;
          context.signal.throwIfAborted();
        }
        progress.done(`${count(done - kept, 'picture')} asked about`);
      });
    };
    try {
      await told(
        context,
        options,
        () => done,
        async () => {
          if (kept < pictures.length) await ask(pictures.slice(kept));
          await sink.finish();
        },
      );
    } finally {
      await sink.close();
    }
    const seconds = (context.now().getTime() - began) / 1000;
    return { manifest, digest, tally, pictures: done, kept, seconds };
  });
}

/** Runs the work; where it is stopped, says how far it was and how it goes on. */
async function told(
  { signal }: Context,
  { out, found }: PredictOptions,
  done: () => number,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    const far = `${done()} of ${count(found.pictures.length, 'picture')}`;
    throw out === undefined
      ? new CliError(
          'INTERRUPTED',
          `stopped after ${far}`,
          'Run the same command again; with --out FILE it goes on where it was stopped.',
          error,
        )
      : new CliError(
          'INTERRUPTED',
          `stopped; the rows of ${far} are in ${partialName(out.name)}`,
          'Run the same command again.',
          error,
        );
  }
}

/** A bar is for a terminal that does not show the rows themselves. */
function barContext(context: Context, { out }: PredictOptions): Context {
  const { stdout, stderr } = context;
  if (stderr.isTTY === true && (out !== undefined || stdout.isTTY !== true)) return context;
  return { ...context, stderr: { write: () => undefined } };
}

async function openSink(
  context: Context,
  { found: { pictures }, format, out, top }: PredictOptions,
  { manifest: { labels }, digest }: Pick<Prediction, 'manifest' | 'digest'>,
  theme: Theme,
): Promise<Sink> {
  const { stdout, stderr, signal } = context;
  const files = pictures.map(({ name }) => name);
  const nothing = () => Promise.resolve();
  if (format === 'table') {
    const table = answerTable(files, labels, top ?? 0, theme);
    stdout.write(`${table.header}\n`);
    const write = (row: AnswerRow) => writeAll(stdout, `${table.line(row)}\n`);
    return { kept: undefined, write, finish: nothing, close: nothing };
  }
  const shape: RecordShape = {
    labels,
    top: top ?? (labels.length > FEW_LABELS ? TOP_OF_MANY : 0),
    modelDigest: digest,
  };
  const records = recordFormat(format, shape);
  if (out === undefined) {
    stdout.write(records.header);
    const write = (row: AnswerRow) => writeAll(stdout, records.record(row));
    return { kept: undefined, write, finish: nothing, close: nothing };
  }
  const file = await OutputFile.open(out.path, records, files, signal);
  if (file.startsAnew)
    stderr.write(
      `${partialName(out.name)} was of another bundle, other pictures or another form; all is asked again.\n`,
    );
  else if (file.kept.rows > 0)
    stderr.write(
      `An earlier run answered ${file.kept.rows} of ${count(files.length, 'picture')}; this one goes on there.\n`,
    );
  return {
    kept: file.kept,
    write: async (row) => {
      await file.write(records.record(row));
      return true;
    },
    finish: () => file.finish(),
    close: () => file.close(),
  };
}
