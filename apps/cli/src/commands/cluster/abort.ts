import type { Command } from 'commander';
import { act, withActOptions, type ActOptions } from './act.ts';
import type { Session } from '../session.ts';

export function addAbort(program: Command, session: Session): void {
  withActOptions(
    program
      .command('abort')
      .summary('stop a rollout for good and return to the stable version')
      .description('Stop a rollout for good: all requests return to the stable version, and this one is marked Failed.')
      .argument('<name>', 'a ModelVersion that is being rolled out'),
  ).action((name: string, options: ActOptions) => act(session, 'abort', name, options));
}
