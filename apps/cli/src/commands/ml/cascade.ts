import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError } from '../../errors/cli-error.ts';
import { splits, type Split } from '../../ml/data/dataset.ts';
import { themeOf, type Session } from '../session.ts';

interface CascadeCommandOptions {
  readonly photos?: string;
  readonly data?: string;
  readonly split: Split;
  readonly margin?: number;
  readonly version?: string;
  readonly out: string;
  readonly key?: string;
  readonly json?: string;
  readonly color: boolean;
}

export function addCascade(program: Command, session: Session): void {
  program
    .command('cascade')
    .summary('put a small model before a large one, in one bundle')
    .description(
      'Make a bundle of two: the first answers what it is sure of, the final one is asked about the rest. From which margin ' +
        'on the first is sure is chosen on labelled pictures, so that nothing is lost against the final one alone.',
    )
    .argument('<first>', 'bundle of the small graph')
    .argument('<final>', 'bundle of the large graph, of the same labels')
    .option('--photos <folder>', 'photographs as they are, LABEL/FILE.jpg, that neither was trained on')
    .option('--data <folder|tar>', 'what pawl data prepare made: pictures of one size, of which one stage sees a copy')
    .addOption(new Option('--split <name>', 'part of --data').choices(splits).default('val'))
    .addOption(
      new Option(
        '--margin <logits>',
        'from where on the first is sure (default: the smallest without a loss)',
      ).argParser(parseMargin),
    )
    .option('--version <semver>', "of the new bundle (default: the next one after the final one's)")
    .option('--out <folder>', 'where the bundle goes', 'models/candidate')
    .option('--key <file>', 'private key that signs the bundle')
    .option('--json <file>', 'write everything that was measured; - for standard output')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action((first: string, final: string, options: CascadeCommandOptions) => cascade(session, first, final, options));
}

async function cascade(session: Session, first: string, final: string, options: CascadeCommandOptions): Promise<void> {
  const { context } = session;
  const { data, photos, split, json, out } = options;
  if ((data === undefined) === (photos === undefined))
    throw new CliError('USAGE', 'Expected one of --photos and --data.', 'See pawl cascade --help.');
  const [{ makeCascade }, { renderCascade }, { toUri }, { writeOutput }] = await Promise.all([
    import('../../ml/cascade/make-cascade.ts'),
    import('../../ml/cascade/render-cascade.ts'),
    import('../../bundles/stores.ts'),
    import('../../terminal/write-output.ts'),
  ]);
  const made = await makeCascade(context, {
    first: toUri(first, context.cwd),
    final: toUri(final, context.cwd),
    data:
      photos === undefined
        ? { kind: 'dataset', path: resolve(context.cwd, data ?? ''), split }
        : { kind: 'photos', path: resolve(context.cwd, photos) },
    margin: options.margin,
    version: options.version,
    out: resolve(context.cwd, out),
    key: options.key,
  });
  const { bundle, firstStage, report, chosen } = made;
  const figures = { digest: bundle.digest, firstStage, chosen, ...report };
  if (json !== undefined) await writeOutput(context, json, `${JSON.stringify(figures, null, 2)}\n`);
  if (json !== '-') context.stdout.write(`${renderCascade(made, out, themeOf(session, options)).join('\n')}\n`);
}

function parseMargin(text: string): number {
  const margin = Number(text);
  if (text.trim() !== '' && Number.isFinite(margin) && margin >= 0) return margin;
  throw new InvalidArgumentError('Expected a number of logits, at least 0, such as 3.');
}
