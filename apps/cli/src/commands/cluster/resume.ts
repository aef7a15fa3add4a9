import type { Command } from 'commander';
import { withClusterOptions, type ClusterOptions, type Session } from '../session.ts';
import { setSuspend } from './suspend.ts';

export function addResume(program: Command, session: Session): void {
  withClusterOptions(
    program
      .command('resume')
      .summary('let a suspended version go on')
      .description('Let a suspended version go on where it was held.')
      .argument('<name>', 'a ModelVersion'),
  ).action((name: string, options: ClusterOptions) => setSuspend(session, name, false, options));
}
