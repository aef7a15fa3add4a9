import { trailersOf, type Commit } from '../git/history.ts';

/** Trailers by which commits of promotions and rollbacks are known: an API for scripts, never renamed. */
export const PROMOTION_TRAILER = 'Pawl-Promotion';
export const ROLLBACK_TRAILER = 'Pawl-Rollback';
/** Reason for which somebody promoted without an analysis. */
export const WITHOUT_ANALYSIS_TRAILER = 'Pawl-Without-Analysis';

/** From which version to which one an environment went back. */
export interface RollbackNote {
  readonly model: string;
  readonly from: string;
  readonly to: string;
  readonly environment: string;
}

/** Pure: value of {@link PROMOTION_TRAILER}. */
export const promotionNote = (model: string, version: string, digest: string, from: string, to: string): string =>
  `${model} ${version} ${digest} ${from} -> ${to}`;

/** Pure: value of {@link ROLLBACK_TRAILER}. */
export const rollbackNote = ({ model, from, to, environment }: RollbackNote): string =>
  `${model} ${from} -> ${to} in ${environment}`;

/** Pure: what a commit rolled back of a model in an environment; undefined: nothing. */
export function rollbackOf(
  commit: Pick<Commit, 'trailers'>,
  model: string,
  environment: string,
): RollbackNote | undefined {
  return trailersOf(commit, ROLLBACK_TRAILER)
    .map((value) => /^(\S+) (\S+) -> (\S+) in (\S+)$/.exec(value))
    .map((match) => match?.slice(1) ?? [])
    .map(([of = '', from = '', to = '', where = '']) => ({ model: of, from, to, environment: where }))
    .find((note) => note.model === model && note.environment === environment);
}
