import type { Commit } from '../git/history.ts';
import type { RollbackPlan } from './plan-rollback.ts';
import { rollbackNote, ROLLBACK_TRAILER } from './trailers.ts';

/** A commit that is taken back, and whether the rest of it stays. */
export interface Reverted {
  readonly commit: Pick<Commit, 'hash' | 'subject'>;
  /** It changed other files too, which are left as they are. */
  readonly partly: boolean;
}

/** Pure: the commit of a rollback, in the form of `git revert`. */
export function rollbackMessage(
  model: string,
  environment: string,
  plan: Pick<Extract<RollbackPlan, { kind: 'rollback' }>, 'from' | 'to' | 'removed' | 'restored'>,
  reverted: readonly Reverted[],
  reason?: string,
): string {
  const { from, to, removed, restored } = plan;
  const [only, ...more] = reverted;
  const subject =
    only !== undefined && more.length === 0
      ? `Revert "${only.commit.subject}"`
      : `Roll ${model} back from ${from} to ${to} in ${environment}`;
  const numbers = (versions: typeof removed) => versions.map(({ spec }) => spec.version).join(', ');
  return [
    subject,
    '',
    ...reverted.map(
      ({ commit, partly }) =>
        `This reverts commit ${commit.hash}${partly ? `,\nas far as it is about ${model} in ${environment}` : ''}.`,
    ),
    ...(reverted.length === 0 ? [] : ['']),
    ...(reason === undefined ? [] : [`reason: ${reason.trim()}`]),
    `${environment} goes back from ${model} ${from} to ${to}.`,
    `removed: ${numbers(removed)}`,
    ...(restored.length === 0 ? [] : [`restored: ${numbers(restored)}`]),
    '',
    `${ROLLBACK_TRAILER}: ${rollbackNote({ model, from, to, environment })}`,
    '',
  ].join('\n');
}
