import type { Committed } from '../environments/commit-change.ts';

/** A commit that was made, or not, and where it went. */
export interface CommitOutcome extends Omit<Committed<unknown>, 'proposal'> {
  readonly branch: string;
  /** The branch that `branch` is to be merged into; undefined: it is checked out. */
  readonly base: string | undefined;
  /** Address of the remote, where it is known. */
  readonly remote: string | undefined;
}

/** Pure: what was done and what is next. @param already nothing was left to do. */
export function renderPromotionOutcome(
  { commit, pushed, branch, base, remote }: CommitOutcome,
  { dryRun, already }: { readonly dryRun: boolean; readonly already: boolean },
): readonly string[] {
  const lines = [
    ...(commit === undefined ? [] : [`Committed ${commit.hash} on ${commit.branch}: ${commit.subject}`]),
    ...(pushed === undefined ? [] : [`Pushed to ${pushed.remote}/${pushed.branch}.`]),
    ...(dryRun && !already ? ['Nothing was written (--dry-run).'] : []),
  ];
  if (commit === undefined && pushed === undefined) return lines;
  if (base === undefined) return pushed === undefined ? [...lines, 'next: git push'] : lines;
  if (pushed === undefined) return [...lines, `next: git push origin ${branch}, and open a pull request`];
  return [...lines, `next: ${pullRequest(remote, base, pushed.branch)}`];
}

/** Pure: how a pull request is opened at the remote. */
export function pullRequest(remote: string | undefined, base: string, branch: string): string {
  const found = /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/git@|git@)(github\.com|gitlab\.com)[/:](.+?)(?:\.git)?\/?$/.exec(
    remote ?? '',
  );
  const [, host, path] = found ?? [];
  if (host === 'github.com')
    return `open the pull request: https://github.com/${path ?? ''}/compare/${base}...${branch}?expand=1, or: gh pr create --base ${base} --head ${branch} --fill`;
  if (host === 'gitlab.com')
    return `open the merge request: https://gitlab.com/${path ?? ''}/-/merge_requests/new?merge_request%5Bsource_branch%5D=${encodeURIComponent(branch)}&merge_request%5Btarget_branch%5D=${encodeURIComponent(base)}`;
  return `open a pull request of ${branch} into ${base}`;
}
