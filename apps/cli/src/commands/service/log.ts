import { type Command, InvalidArgumentError } from 'commander';
import { parseTime, type Session } from '../session.ts';

interface LogExportOptions {
  readonly out: string;
  readonly since?: Moment;
  readonly until?: Moment;
}

/** A point in time, or the time since it, milliseconds. */
type Moment = { readonly at: number } | { readonly ago: number };

export function addLog(program: Command, session: Session): void {
  const log = program
    .command('log')
    .summary('read the log of predictions')
    .description('The log of predictions, which the service writes where PREDICTION_LOG says.');
  log
    .command('export')
    .summary('make a Parquet table of logged predictions')
    .description(
      'Make one Parquet table of logged predictions, for pandas, DuckDB or Evidently: a row a prediction, a column a ' +
        'statistic and a probability. Lines that cannot be read are counted, and said.',
    )
    .argument('<source...>', 'files, folders, or s3://bucket/prefix; gzip or not')
    .option('--out <file.parquet>', 'becomes the table', 'predictions.parquet')
    .option('--since <time>', 'no earlier ones: 2026-11-30, 2026-11-30T12:00:00Z, or 24h for so long ago', parseMoment)
    .option('--until <time>', 'no later ones', parseMoment)
    .addHelpText(
      'after',
      '\nStores: AWS_* give credentials; S3_ENDPOINT names a store that is not AWS.\n' +
        'Example: pawl log export s3://logs/catdog --since 24h --out today.parquet\n',
    )
    .action(async (sources: readonly string[], { out, since, until }: LogExportOptions) => {
      const { runExport } = await import('../../service/log/run-export.ts');
      const now = session.context.now().getTime();
      const span = { since: atOf(since, now, -Infinity), until: atOf(until, now, Infinity) };
      await runExport(session.context, { sources, out, span });
    });
}

function atOf(moment: Moment | undefined, now: number, otherwise: number): number {
  if (moment === undefined) return otherwise;
  return 'at' in moment ? moment.at : now - moment.ago;
}

function parseMoment(text: string): Moment {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return { at };
  } else if (/^(\d+(ms|s|m|h))+$/.test(text)) return { ago: parseTime(text) };
  throw new InvalidArgumentError('Expected a date (2026-11-30), a time (2026-11-30T12:00:00Z) or an age such as 24h.');
}
