import { join } from 'node:path';
import { valid } from 'semver';
import type { Context } from '../../terminal/context.ts';
import { commitChange, type Committed, type ChangeDecision } from '../environments/commit-change.ts';
import type { FileEdit } from '../environments/file-edits.ts';
import { inCheckout, type ChangeKind, type Checkout } from '../environments/checkout.ts';
import { CliError } from '../../errors/cli-error.ts';
import { readVersions, type EnvironmentVersions } from '../environments/environment.ts';
import { chooseCandidate } from './judge-target.ts';
import { isNamedFor, planRollback, type RollbackPlan } from './plan-rollback.ts';
import { rollbackMessage } from './rollback-message.ts';

/** What was asked to be rolled back. */
export interface RollbackRequest {
  readonly model: string;
  readonly environment: string;
  /** The version to go back to; undefined: the one below the highest. */
  readonly to?: string | undefined;
  /** Folder of the environments. */
  readonly environments: string;
  /** For the commit. */
  readonly reason?: string | undefined;
  /** Commit there and not on the branch that is checked out; `''`: under our own name. */
  readonly branch?: string | undefined;
  readonly push: boolean;
  readonly dryRun: boolean;
}

/** What is going to be rolled back. */
export interface Rollback {
  readonly model: string;
  readonly environment: string;
  readonly plan: RollbackPlan;
  /** What is wrong with files of others that cannot be read; they are left as they are. */
  readonly passedOver: readonly string[];
}

/** What came of it. */
export interface RolledBack extends Committed<Rollback> {
  readonly branch: string;
  /** The branch that `branch` would be merged into; undefined: it is the branch that is checked out. */
  readonly base: string | undefined;
  /** Address of the remote that pull requests are opened at, where it is known. */
  readonly remote: string | undefined;
}

const ROLLBACK: ChangeKind = { noun: 'rollback', refused: 'ROLLBACK_REFUSED' };

/**
 * Takes back the commits that brought the versions above one, as far as they are about this model in this environment, as one
 * commit. Asks no cluster and no store: it works when they do not.
 *
 * @param proposed told before anything is written; again when others pushed first.
 * @throws CliError of {@link planRollback} and of Git.
 */
export async function rollBack(
  context: Context,
  request: RollbackRequest,
  proposed: (rollback: Rollback) => void,
): Promise<RolledBack> {
  const { environments, environment, model, to, push, dryRun } = request;
  if (to !== undefined && valid(to) === null)
    throw new CliError('USAGE', `${to} is no version.`, 'Name one such as 1.0.0.');
  if (request.reason?.trim() === '' || /\n/.test(request.reason?.trim() ?? ''))
    throw new CliError('USAGE', 'The reason is one line of text.', '--reason "it takes dogs for cats"');
  const { found: here } = await versionsHere(context, request);
  const { version } = chooseCandidate(here, model, undefined).spec;
  const branch = request.branch === '' ? `rollback/${model}-${version}-in-${environment}` : request.branch;
  const destination = { environments, clean: [environment], push, branch, dryRun };
  return await inCheckout(context, ROLLBACK, destination, async (checkout) => {
    const decide = decider(context, request, checkout, proposed);
    const done = dryRun ? { proposal: (await decide()).proposal } : await commitChange(checkout, ROLLBACK, decide);
    const { upstream, repository, base } = checkout;
    const remote = upstream === undefined ? undefined : await repository.addressOf(upstream.remote);
    return { ...done, branch: checkout.branch, base, remote };
  });
}

function decider(
  context: Context,
  { environment: name, model, to, reason }: RollbackRequest,
  { repository, environments }: Checkout,
  proposed: (rollback: Rollback) => void,
): () => Promise<ChangeDecision<Rollback>> {
  // What was shown to somebody is what is done: on top of other people's commits, never more than that.
  let decided: { readonly from: string; readonly to: string } | undefined;
  return async () => {
    const { found: environment, passedOver } = await versionsHere(context, { environments, environment: name, model });
    const [history, boundaries] = await Promise.all([repository.history(environment.models), repository.boundaries()]);
    const { versions } = environment;
    const plan = await planRollback(
      { model, environment: name, versions, history, boundaries, to, decided },
      (commit, path) => repository.textAt(`${commit.hash}^`, path),
    );
    const rollback: Rollback = { model, environment: name, plan, passedOver };
    proposed(rollback);
    decided ??= plan.kind === 'already' ? { from: plan.version, to: plan.version } : { from: plan.from, to: plan.to };
    if (plan.kind === 'already') return { kind: 'already', proposal: rollback };
    const edits = editsOf(environment, plan);
    const ours = new Set(edits.map(({ path }) => repository.within(path)));
    const reverted = [];
    for (const commit of plan.commits) {
      const files = await repository.filesOf(commit.hash);
      reverted.push({ commit, partly: !files.every((file) => ours.has(file)) });
    }
    const message = rollbackMessage(model, name, plan, reverted, reason);
    return { kind: 'change', proposal: rollback, edits, message };
  };
}

/**
 * The versions of the environment. Somebody else's file that cannot be read is no reason not to go back: in an incident
 * nobody waits until another team has fixed theirs.
 *
 * @throws CliError RELEASE_REFUSED for a file that has the name of a version of this model.
 */
async function versionsHere(
  context: Context,
  { environments, environment, model }: Pick<RollbackRequest, 'environments' | 'environment' | 'model'>,
): Promise<{ readonly found: EnvironmentVersions; readonly passedOver: readonly string[] }> {
  const passedOver: string[] = [];
  const found = await readVersions(context, environments, environment, (file, error) => {
    if (isNamedFor(model, file)) throw error;
    passedOver.push(error.message);
  });
  return { found, passedOver };
}

const editsOf = (
  { models }: EnvironmentVersions,
  { removed, restored }: Extract<RollbackPlan, { kind: 'rollback' }>,
): readonly FileEdit[] => [
  ...removed.map(({ file, text }) => ({ path: join(models, file), before: text, after: undefined })),
  ...restored.map(({ file, text }) => ({ path: join(models, file), before: undefined, after: text })),
];
