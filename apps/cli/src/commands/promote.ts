import type { Command } from 'commander';
import { act, withActOptions, type ActOptions } from './act.ts';
import type { Session } from './session.ts';

/** Promoting a model from one environment to the next (`--from`, `--to`) will be this command with those options. */
export function addPromote(program: Command, session: Session): void {
  withActOptions(
    program
      .command('promote')
      .summary('skip the remaining steps of a canary')
      .description(
        'Give a version that is in its canary steps to all stable pods now. Verification and acceptance are not skipped.',
      )
      .argument('<name>', 'a ModelVersion in its canary steps'),
  ).action((name: string, options: ActOptions) => act(session, 'promote', name, options));
}
