import { CliError } from '../../errors/cli-error.ts';
import type { PushOutcome, Repository, Upstream } from '../git/repository.ts';
import { applyEdits, undoEdits, type FileEdit } from './file-edits.ts';
import type { ChangeKind, Checkout } from './checkout.ts';

/** What one look at the environments comes to. */
export type ChangeDecision<Proposal> =
  | { readonly kind: 'already'; readonly proposal: Proposal }
  | {
      readonly kind: 'change';
      readonly proposal: Proposal;
      readonly edits: readonly FileEdit[];
      /** Of the commit. */
      readonly message: string;
    };

/** What came of a change. */
export interface Committed<Proposal> {
  readonly proposal: Proposal;
  /** Undefined: it was there already. */
  readonly commit?: { readonly hash: string; readonly branch: string; readonly subject: string } | undefined;
  /** Where something was pushed to. */
  readonly pushed?: Upstream | undefined;
}

/** Pushes that others may win before we give up. */
const PUSHES = 4;

/**
 * Commits what `decide` wants and nothing else, and pushes it where the checkout has an upstream. When others pushed first, the
 * commit is taken back and `decide` is asked again on what they have. After every error the working tree has nothing of ours,
 * except after a push that failed for another reason: then the commit stays and is pushed by the next try.
 *
 * @param decide reads the checkout again each time; what it throws ends everything.
 * @throws CliError GIT_FAILED, FILE_WRITE_FAILED, DISK_FULL.
 */
export async function commitChange<Proposal>(
  { repository, branch, isNew, upstream }: Checkout,
  { noun }: ChangeKind,
  decide: () => Promise<ChangeDecision<Proposal>>,
): Promise<Committed<Proposal>> {
  for (let pushes = 1; ; pushes += 1) {
    const decision = await decide();
    const { proposal } = decision;
    if (decision.kind === 'already') {
      if (upstream === undefined || isNew) return { proposal };
      // What could not be pushed earlier is pushed now.
      const outcome = await repository.push(upstream);
      if (outcome !== 'rejected') return outcome === 'pushed' ? { proposal, pushed: upstream } : { proposal };
    } else {
      const { edits, message } = decision;
      const paths = edits.map(({ path }) => path);
      await applyEdits(edits);
      const hash = await repository.commit(paths, message).catch(async (error: unknown) => {
        await undoEdits(edits);
        throw error;
      });
      const commit = { hash, branch, subject: message.split('\n')[0] ?? '' };
      if (upstream === undefined) return { proposal, commit };
      if ((await pushOrKeep(repository, upstream, hash)) !== 'rejected') return { proposal, commit, pushed: upstream };
      await repository.uncommit(paths);
      await undoEdits(edits);
    }
    if (pushes >= PUSHES)
      throw new CliError(
        'GIT_FAILED',
        `the remote had newer commits ${pushes} times in a row; the ${noun} was not made.`,
        'Run the command again in a moment.',
      );
    await repository.rebase(upstream);
  }
}

async function pushOrKeep(repository: Repository, upstream: Upstream, hash: string): Promise<PushOutcome> {
  try {
    return await repository.push(upstream);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(
      error.code,
      `${error.message} The commit ${hash} is made and not pushed.`,
      `${error.hint} Then: the same command again.`,
      error.cause,
    );
  }
}
