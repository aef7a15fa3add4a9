import type { Checkout } from '../environments/checkout.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { Commit } from '../git/history.ts';
import { rollbackOf } from './trailers.ts';

/** History ends before what is looked for. @param unknown what is not known, a clause. */
export function shallow(unknown: string): CliError {
  return new CliError(
    'HISTORY_SHALLOW',
    `${unknown} is not known: this clone has only the last commits.`,
    'Fetch the others: git fetch --unshallow; with actions/checkout: fetch-depth: 0.',
  );
}

/** What Git knows of one version's file in an environment. */
export interface FileHistory {
  /** Commits of ours that changed it and that the remote lacks; none where nothing is pushed. */
  readonly unpushed: readonly Commit[];
  /** The commit that rolled it back, when that was the last word of what is pushed. */
  readonly rollback: Commit | undefined;
}

/**
 * Asks Git, and the remote where commits are pushed to, about the file of a version.
 *
 * @param file absolute.
 * @param lenient whether a rollback would change nothing, so that a shallow clone is enough.
 * @throws CliError HISTORY_SHALLOW, GIT_FAILED.
 */
export async function fileHistory(
  { repository, upstream }: Checkout,
  file: string,
  { model, version, environment }: { readonly model: string; readonly version: string; readonly environment: string },
  lenient: boolean,
): Promise<FileHistory> {
  const theirs = upstream === undefined ? undefined : await repository.fetch(upstream);
  // A branch that is not there yet has what no other branch of the remote has.
  const ours = theirs === undefined ? ['HEAD', '--not', '--remotes'] : [`${theirs}..HEAD`];
  const unpushed = upstream === undefined ? [] : await repository.history(file, ours);
  // What nobody has seen yet brings nothing back.
  const [last] = await repository.history(file, [theirs ?? 'HEAD']);
  const boundaries = await repository.boundaries();
  const hidden = last === undefined ? boundaries.size > 0 : boundaries.has(last.hash);
  if (hidden && !lenient) throw shallow(`whether ${model} ${version} was rolled back in ${environment} before`);
  const rolledBack =
    !hidden &&
    last !== undefined &&
    last.files.some(({ status }) => status === 'D') &&
    rollbackOf(last, model, environment) !== undefined;
  return { unpushed, rollback: rolledBack ? last : undefined };
}
