import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError, exitCodes } from '../../errors/cli-error.ts';
import type { RecordFormatName } from '../../ml/prediction/record-format.ts';
import { themeOf, type Session } from '../session.ts';

interface PredictCommandOptions {
  readonly filesFrom?: string;
  readonly output?: RecordFormatName | 'table';
  readonly out?: string;
  readonly top?: number;
  readonly color: boolean;
}

const EXIT_CODES = `
Exit codes: 0 every picture was answered, also with "neither"; 1 some cannot be read, or there is none; others: pawl --help.
`;

export function addPredict(program: Command, session: Session): void {
  program
    .command('predict')
    .summary('classify pictures with a bundle, as the service would')
    .description(
      'Ask a bundle, loaded as the service loads it, about pictures: a row for each, in their order. A picture that cannot ' +
        'be read gets a row that says why. A run with --out that was stopped is continued by the same command.',
    )
    .argument('<bundle>', 'address or folder of a bundle, or models:/name@alias of the model registry')
    .argument('[pictures...]', 'files, and folders that are searched for pictures')
    .option('--files-from <list>', 'file with the names of more pictures, one a line; - for standard input')
    .addOption(
      new Option('-o, --output <format>', 'form of the rows (default: by the name of --out, else a table)').choices([
        'table',
        'csv',
        'ndjson',
      ]),
    )
    .option('--out <file>', 'write the rows to a .csv or .ndjson file; a run that was stopped goes on there')
    .addOption(
      new Option(
        '--top <n>',
        'probabilities in a row, the largest; 0: all (default: all of up to 10 labels, else 5)',
      ).argParser(parseTop),
    )
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .addHelpText('after', EXIT_CODES)
    .action((bundle: string, pictures: readonly string[], options: PredictCommandOptions) =>
      run(session, bundle, pictures, options),
    );
}

async function run(
  session: Session,
  bundle: string,
  given: readonly string[],
  options: PredictCommandOptions,
): Promise<void> {
  const { context } = session;
  const { cwd, stdout, stderr, signal } = context;
  const out = options.out === '-' ? undefined : options.out;
  const format = options.output ?? formatOf(out);
  if (out !== undefined && format === 'table')
    throw new CliError('USAGE', 'A table is for people; it is not written to a file.', 'Give -o csv or -o ndjson.');
  if (given.length === 0 && options.filesFrom === undefined)
    throw new CliError('USAGE', 'Expected pictures to ask about.', 'Name files or folders behind the bundle.');
  const [{ predict }, { renderPrediction }, { findPictures, namesOf }, { toUri }, { count }] = await Promise.all([
    import('../../ml/prediction/predict.ts'),
    import('../../ml/prediction/render-prediction.ts'),
    import('../../ml/prediction/find-pictures.ts'),
    import('../../bundles/stores.ts'),
    import('../../terminal/text.ts'),
  ]);
  const listed = options.filesFrom === undefined ? [] : namesOf(await readList(options.filesFrom, cwd));
  const found = await findPictures(given, listed, cwd, signal);
  if (found.ignored > 0) stderr.write(`${count(found.ignored, 'file')} that are no pictures are left out.\n`);
  const theme = themeOf(session, options);
  const artifact = bundle.startsWith('models:/')
    ? await (await import('../../ml/tracking/model-registry.ts')).findInRegistry(context, bundle)
    : { uri: toUri(bundle, cwd), digest: undefined };
  const prediction = await predict(
    context,
    {
      ...artifact,
      found,
      format,
      out: out === undefined ? undefined : { path: resolve(cwd, out), name: out },
      top: options.top,
    },
    theme,
  );
  const summary = `${renderPrediction(prediction, out, theme).join('\n')}\n`;
  // Rows for a program are not followed by words for people.
  if (out === undefined && format !== 'table') stderr.write(summary);
  else stdout.write(out === undefined ? `\n${summary}` : summary);
  if (prediction.tally.unreadable > 0) session.exitCode = exitCodes.no;
}

/** The form of a file by its name; a table where there is none. @throws CliError USAGE. */
function formatOf(out: string | undefined): RecordFormatName | 'table' {
  if (out === undefined) return 'table';
  const ending = extname(out).toLowerCase();
  if (ending === '.csv') return 'csv';
  if (ending === '.ndjson' || ending === '.jsonl') return 'ndjson';
  throw new CliError(
    'USAGE',
    `The name of ${out} does not say in which form its rows are wanted; expected .csv, .ndjson or .jsonl.`,
    'Name it so, or give -o csv or -o ndjson.',
  );
}

/** @throws CliError FILE_NOT_FOUND. */
async function readList(path: string, cwd: string): Promise<string> {
  if (path === '-') return await text(process.stdin);
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (cause) {
    throw new CliError(
      'FILE_NOT_FOUND',
      `The list ${path} cannot be read.`,
      'Give a file of names, one a line.',
      cause,
    );
  }
}

function parseTop(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of probabilities, such as 3; 0 for all.');
}
