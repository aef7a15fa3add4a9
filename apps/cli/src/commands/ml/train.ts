import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { themeOf, type Session } from '../session.ts';

interface TrainCommandOptions {
  readonly data: string;
  readonly params?: string;
  readonly epochs?: number;
  readonly lr?: number;
  readonly batchSize?: number;
  readonly weightDecay?: number;
  readonly seed?: number;
  readonly backbone?: string;
  readonly runName?: string;
  readonly out: string;
  readonly version?: string;
  readonly replaces?: string;
  readonly dropGolden?: string[];
  readonly reports: string;
  readonly runs: string;
  readonly cache: string;
  readonly key?: string;
  readonly color: boolean;
}

export function addTrain(program: Command, session: Session): void {
  program
    .command('train')
    .summary('train a head on prepared photographs and write a bundle')
    .description(
      'Train a linear head on features of the backbone that serves, measure it, and write a bundle if it passes the gate. ' +
        'Parameters come from params.yaml; these flags override it.',
    )
    .option('--data <folder|tar>', 'what pawl data prepare made', 'data/processed')
    .option('--params <file>', 'parameters (default: params.yaml where there is one)')
    .addOption(number('--epochs <n>', 'passes over the photographs'))
    .addOption(number('--lr <rate>', 'learning rate of Adam'))
    .addOption(number('--batch-size <n>', 'photographs a step'))
    .addOption(number('--weight-decay <n>', 'L2, as in PyTorch'))
    .addOption(number('--seed <n>', 'the same seed and data give the same weights'))
    .option(
      '--backbone <name|bundle|file>',
      'what makes the features: resnet18 (of models/backbones), a bundle, an ONNX file',
    )
    .option('--run-name <name>', 'name of the run on record')
    .option('--out <folder>', 'where the bundle goes', 'models/candidate')
    .option('--version <semver>', 'version of the bundle (default: the next one after the bundle it replaces)')
    .option('--replaces <bundle>', 'the bundle that this one follows; "" for none')
    .option(
      '--drop-golden <file>',
      'a golden image of the replaced bundle that the new one need not answer; may be given again',
      (file: string, before: string[] | undefined) => [...(before ?? []), file],
    )
    .option('--reports <folder>', 'where charts and figures go', 'reports/train')
    .option('--runs <folder>', 'local record of runs', 'runs')
    .option('--cache <folder>', 'where features are kept', '.cache/features')
    .option('--key <file>', 'private key that signs the bundle')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action(async (options: TrainCommandOptions) => {
      const { context } = session;
      const at = (path: string) => resolve(context.cwd, path);
      const [{ train }, { readParams, PARAMS_FILE }, { overrideParams }, { revisionOf }] = await Promise.all([
        import('../../ml/training/train.ts'),
        import('../../ml/params/read-params.ts'),
        import('../../ml/params/override-params.ts'),
        import('../../gitops/git/revision.ts'),
      ]);
      const params = await readParams(at(options.params ?? PARAMS_FILE), options.params !== undefined);
      await train(
        context,
        {
          params: overrideParams(params, options),
          data: at(options.data),
          out: at(options.out),
          reports: at(options.reports),
          runs: at(options.runs),
          cache: at(options.cache),
          runName: options.runName,
          version: options.version,
          key: options.key,
          revision: await revisionOf(context),
        },
        themeOf(session, options),
      );
    });
}

/** A number; its range is that of the parameter. */
function number(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    throw new InvalidArgumentError('Expected a number.');
  });
}
