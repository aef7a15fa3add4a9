import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Context } from '../../terminal/context.ts';
import { CliError, type CliErrorCode } from '../../errors/cli-error.ts';
import { Repository, type Upstream } from '../git/repository.ts';
import { list } from '../../terminal/text.ts';

/** A kind of change of environments: how it is named, and how it is refused. */
export interface ChangeKind {
  /** Such as `release`. */
  readonly noun: string;
  readonly refused: CliErrorCode;
}

/** Where a change goes to. */
export interface Destination {
  /** Folder of the environments, as the user named it. */
  readonly environments: string;
  /** Names of the environments that must not have uncommitted changes. */
  readonly clean: readonly string[];
  /** Nothing is going to be written: uncommitted changes and a detached HEAD do not matter. */
  readonly dryRun: boolean;
  readonly push: boolean;
  /** Another branch than the one that is checked out, which stays as it is. */
  readonly branch?: string | undefined;
}

/** A working tree to read and to commit in. */
export interface Checkout {
  /** Absolute path of the folder of the environments. */
  readonly environments: string;
  readonly repository: Repository;
  /** Name of the branch that commits are meant for. */
  readonly branch: string;
  /** The branch that was checked out when `branch` is another one; undefined: `branch` is checked out, or HEAD is detached. */
  readonly base: string | undefined;
  /** Whether `branch` is not there yet, so that without a commit there is nothing to push. */
  readonly isNew: boolean;
  /** Where commits are pushed to; undefined: they are not. */
  readonly upstream: Upstream | undefined;
}

/**
 * Runs `body` where the change goes to: in the user's working tree, or for another branch in a temporary one that is taken
 * away afterwards. Everything that Git may object to later is asked before `body` begins.
 *
 * @throws CliError GIT_FAILED, USAGE, the kind's code for uncommitted changes; what `body` throws.
 */
export async function inCheckout<Result>(
  context: Context,
  kind: ChangeKind,
  destination: Destination,
  body: (checkout: Checkout) => Promise<Result>,
): Promise<Result> {
  const environments = resolve(context.cwd, destination.environments);
  const repository = await Repository.open(environments, context);
  const current = await repository.branch();
  if (destination.branch !== undefined && destination.branch !== current)
    return await onBranch(context, repository, current, { ...destination, branch: destination.branch }, body);
  if (destination.dryRun)
    return await body({
      environments,
      repository,
      branch: current ?? 'HEAD',
      base: undefined,
      isNew: false,
      upstream: undefined,
    });
  const branch = current;
  if (branch === undefined)
    throw new CliError(
      'GIT_FAILED',
      'HEAD is detached: a commit on no branch is found by nobody.',
      `Check out the branch that the environment follows (git switch main)${kind.noun === 'release' ? ', or write the file alone with --no-commit' : ', or name a new one with --branch'}.`,
    );
  for (const name of destination.clean) await requireClean(repository, join(environments, name), kind);
  const upstream = destination.push ? await repository.upstream(branch) : undefined;
  return await body({ environments, repository, branch, base: undefined, isNew: false, upstream });
}

async function requireClean(repository: Repository, folder: string, { noun, refused }: ChangeKind): Promise<void> {
  const changes = await repository.changes(folder);
  if (changes.length === 0) return;
  throw new CliError(
    refused,
    `${repository.within(folder)} has uncommitted changes: ${list(changes.slice(0, 5))}${changes.length > 5 ? ` and ${changes.length - 5} more` : ''}.`,
    `Commit or stash them first; a ${noun} is a commit of its own.`,
  );
}

/** A branch that exists goes on where it is, here or at the remote; a new one begins at the commit that is checked out. */
async function onBranch<Result>(
  context: Context,
  repository: Repository,
  base: string | undefined,
  { environments, branch, push }: Destination & { readonly branch: string },
  body: (checkout: Checkout) => Promise<Result>,
): Promise<Result> {
  if (!(await repository.isBranchName(branch)))
    throw new CliError('USAGE', `${branch} is no name of a branch.`, 'See git help check-ref-format.');
  if ((await repository.checkedOut()).includes(branch))
    throw new CliError(
      'GIT_FAILED',
      `branch ${branch} is checked out in another working tree.`,
      'Run the command there (git worktree list), or name another branch.',
    );
  const upstream = push ? await repository.upstream(branch) : undefined;
  const existing =
    (await repository.resolve(`refs/heads/${branch}`)) ??
    (upstream === undefined ? undefined : await repository.fetch(upstream));
  const start = existing ?? (await repository.resolve('HEAD'));
  if (start === undefined)
    throw new CliError('GIT_FAILED', 'the repository has no commit yet.', 'Commit the environments first.');
  const folder = await mkdtemp(join(tmpdir(), 'pawl-worktree-'));
  const tree = join(folder, 'tree');
  try {
    await repository.addWorktree(tree, start);
    const there = await Repository.open(tree, context);
    try {
      return await body({
        environments: join(tree, repository.within(resolve(context.cwd, environments))),
        repository: there,
        branch,
        base,
        isNew: existing === undefined,
        upstream,
      });
    } finally {
      // Also after a push that failed: the commit is kept on its branch, and the same command pushes it later.
      const end = await there.resolve('HEAD').catch(() => undefined);
      if (end !== undefined && end !== start) await repository.pointBranch(branch, end);
    }
  } finally {
    await repository.removeWorktree(tree);
    await rm(folder, { recursive: true, force: true });
  }
}
