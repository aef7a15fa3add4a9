import type { Command, CommandOptions } from 'commander';
import type { RolloutRequest } from '../../cluster/model-version/rollout-request.ts';
import { withClusterOptions, type ClusterOptions, type Session } from '../session.ts';
import { noteSpelling } from '../spelling.ts';
import { requestOf, withRequestOptions, type RequestOptions } from './rollout-request.ts';
import { addRolloutStatus } from './rollout-status.ts';
import { setSuspend } from './rollout-suspend.ts';

/** A command that changes a rollout, as help tells of it. */
interface RolloutCommand {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** What its argument names. */
  readonly target: string;
}

const requests: readonly (RolloutCommand & { readonly name: RolloutRequest })[] = [
  {
    name: 'promote',
    summary: 'skip the remaining steps of a canary',
    description:
      'Give a version that is in its canary steps to all stable pods now. A version that was promoted this way has proved nothing to the next environment.',
    target: 'a ModelVersion in its canary steps',
  },
  {
    name: 'abort',
    summary: 'stop a rollout for good and return to the stable version',
    description: 'Stop a rollout for good: all requests return to the stable version, and this one is marked Failed.',
    target: 'a ModelVersion that is being rolled out',
  },
  {
    name: 'retry',
    summary: 'try a version that failed once more',
    description: 'Forget the Failed verdict of a version whose cause lay in the environment, and try it again.',
    target: 'a ModelVersion that failed',
  },
];

const suspensions: readonly (RolloutCommand & { readonly suspend: boolean })[] = [
  {
    name: 'suspend',
    summary: 'hold a version where it is',
    description: 'Hold a version: its rollout stays at its step, and one that has not begun does not begin.',
    target: 'a ModelVersion',
    suspend: true,
  },
  {
    name: 'resume',
    summary: 'let a suspended version go on',
    description: 'Let a suspended version go on where it was held.',
    target: 'a ModelVersion',
    suspend: false,
  },
];

/** Adds `rollout` with all that is seen of a rollout or done to it. */
export function addRollout(program: Command, session: Session): void {
  const rollout = program
    .command('rollout')
    .summary('see a rollout, promote, abort, retry, suspend or resume it')
    .description('See a rollout, or change it.');
  addRolloutStatus(rollout, session);
  addChanges(rollout, session);
}

/**
 * Adds the spellings of earlier releases: the same commands without `rollout`, hidden from help. They are gone from
 * completion too where they are added after it.
 */
export function addOldSpellings(program: Command, session: Session): void {
  addChanges(program, session, { hidden: true });
}

function addChanges(parent: Command, session: Session, options: CommandOptions = {}): void {
  const add = ({ name, summary, description, target }: RolloutCommand): Command =>
    parent.command(name, options).summary(summary).description(description).argument('<name>', target);
  const note = (name: string) => {
    if (options.hidden === true) noteSpelling(session, name, `rollout ${name}`);
  };
  for (const command of requests) {
    // `promote` without `rollout` brings a version to the next environment, and knows its old meaning itself.
    if (options.hidden === true && command.name === 'promote') continue;
    withRequestOptions(add(command)).action((name: string, given: RequestOptions) => {
      note(command.name);
      return requestOf(session, command.name, name, given);
    });
  }
  for (const command of suspensions)
    withClusterOptions(add(command)).action((name: string, given: ClusterOptions) => {
      note(command.name);
      return setSuspend(session, name, command.suspend, given);
    });
}
