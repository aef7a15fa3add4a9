import type { Command } from 'commander';
import { act, withActOptions, type ActOptions } from './act.ts';
import type { Session } from '../session.ts';

export function addRetry(program: Command, session: Session): void {
  withActOptions(
    program
      .command('retry')
      .summary('try a version that failed once more')
      .description('Forget the Failed verdict of a version whose cause lay in the environment, and try it again.')
      .argument('<name>', 'a ModelVersion that failed'),
  ).action((name: string, options: ActOptions) => act(session, 'retry', name, options));
}
