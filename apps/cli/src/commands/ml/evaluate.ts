import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { splits, type Split } from '../../ml/data/dataset.ts';
import { CliError } from '../../errors/cli-error.ts';
import { themeOf, type Session } from '../session.ts';

interface EvaluateOptions {
  readonly data?: string;
  readonly split: Split;
  readonly photos?: string;
  readonly json?: string;
  readonly color: boolean;
}

export function addEvaluate(program: Command, session: Session): void {
  program
    .command('evaluate')
    .summary('measure a bundle on labelled photographs')
    .description(
      'Ask a bundle, loaded as the service loads it, about labelled pictures, and measure its answers: accuracy, recall, ' +
        'ROC AUC, log loss, calibration, slices.',
    )
    .argument('<bundle>', 'address or folder of a bundle')
    .option('--data <folder|tar>', 'what pawl data prepare made')
    .addOption(new Option('--split <name>', 'part of --data').choices(splits).default('test'))
    .option('--photos <folder>', 'photographs as they are, LABEL/FILE.jpg; neither/ is of none of the labels')
    .option('--json <file>', 'write everything that was measured; - for standard output')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action((bundle: string, options: EvaluateOptions) => evaluate(session, bundle, options));
}

async function evaluate(session: Session, bundle: string, options: EvaluateOptions): Promise<void> {
  const { context } = session;
  const { data, photos, split, json } = options;
  if ((data === undefined) === (photos === undefined))
    throw new CliError('USAGE', 'Expected one of --data and --photos.', 'See pawl evaluate --help.');
  const [{ evaluateBundle }, { renderEvaluation }, { toUri }, { writeOutput }] = await Promise.all([
    import('../../ml/training/evaluate-bundle.ts'),
    import('../../ml/training/render-evaluation.ts'),
    import('../../bundles/stores.ts'),
    import('../../terminal/write-output.ts'),
  ]);
  const measured = await evaluateBundle(
    context,
    toUri(bundle, context.cwd),
    photos === undefined
      ? { kind: 'dataset', path: resolve(context.cwd, data ?? ''), split }
      : { kind: 'photos', path: resolve(context.cwd, photos) },
  );
  if (json !== undefined) await writeOutput(context, json, `${JSON.stringify(measured, null, 2)}\n`);
  if (json !== '-') context.stdout.write(`${renderEvaluation(measured, themeOf(session, options)).join('\n')}\n`);
}
