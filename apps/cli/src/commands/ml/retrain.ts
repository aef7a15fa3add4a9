import { resolve } from 'node:path';
import type { Command } from 'commander';
import { themeOf, type Session } from '../session.ts';

interface RetrainCommandOptions {
  readonly env: string;
  readonly environments: string;
  readonly data: string;
  readonly params?: string;
  readonly out: string;
  readonly reports: string;
  readonly runs: string;
  readonly cache: string;
  readonly runName?: string;
  readonly key?: string;
  readonly force?: boolean;
  readonly color: boolean;
}

export function addRetrain(program: Command, session: Session): void {
  program
    .command('retrain')
    .summary('train the successor of what an environment has, if anything changed')
    .description(
      'Train as "pawl train" does, as the successor of the newest version of an environment. Where photographs, parameters, ' +
        'backbone and pawl are those of that version, its bundle is taken as it is, and what follows has nothing to do.',
    )
    .requiredOption('--env <name>', 'environment, such as staging')
    .option('--environments <folder>', 'folder of the environments', 'k8s/environments')
    .option('--data <folder|tar>', 'what pawl data prepare made', 'data/processed')
    .option('--params <file>', 'parameters (default: params.yaml where there is one)')
    .option('--out <folder>', 'where the bundle goes', 'models/candidate')
    .option('--reports <folder>', 'where charts and figures go', 'reports/train')
    .option('--runs <folder>', 'local record of runs', 'runs')
    .option('--cache <folder>', 'where features are kept', '.cache/features')
    .option('--run-name <name>', 'name of the run on record')
    .option('--key <file>', 'private key that signs the bundle')
    .option('--force', 'train also when nothing has changed')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action(async (options: RetrainCommandOptions) => {
      const { context } = session;
      const at = (path: string) => resolve(context.cwd, path);
      const [{ retrain }, { readParams, PARAMS_FILE }, { readEnvironment, versionsOf }, { revisionOf }] =
        await Promise.all([
          import('../../ml/retraining/retrain.ts'),
          import('../../ml/params/read-params.ts'),
          import('../../gitops/environments/environment.ts'),
          import('../../gitops/git/revision.ts'),
        ]);
      const params = await readParams(at(options.params ?? PARAMS_FILE), options.params !== undefined);
      const { versions } = await readEnvironment(context, options.environments, options.env);
      await retrain(
        context,
        {
          params,
          environment: options.env,
          newest: versionsOf(versions, params.bundle.name)[0]?.spec,
          data: at(options.data),
          out: at(options.out),
          reports: at(options.reports),
          runs: at(options.runs),
          cache: at(options.cache),
          runName: options.runName,
          key: options.key,
          revision: await revisionOf(context),
          force: options.force === true,
        },
        themeOf(session, options),
      );
    });
}
