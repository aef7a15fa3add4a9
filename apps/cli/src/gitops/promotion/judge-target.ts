import { compareBuild } from 'semver';
import { CliError } from '../../errors/cli-error.ts';
import type { Commit } from '../git/history.ts';
import { nearNames } from '../../terminal/near-names.ts';
import { versionsOf, type ReleasedVersion } from '../environments/environment.ts';
import { shortDigest } from '../../terminal/text.ts';

/** A promotion as far as Git alone can judge it. */
export interface TargetQuestion {
  /** The version that is to be promoted, as the environment before has it. */
  readonly candidate: ReleasedVersion;
  readonly from: string;
  readonly to: string;
  /** All versions of the next environment. */
  readonly versions: readonly ReleasedVersion[];
  /** The only environment that it takes versions from; undefined: any. */
  readonly onlyFrom: string | undefined;
  /** The commit that rolled this very version back there, when nothing brought it again since. */
  readonly rolledBack: Pick<Commit, 'short' | 'author' | 'at' | 'subject'> | undefined;
  /** Promote again what was rolled back. */
  readonly again: boolean;
  /** Whether the commit that brought it there is ours and not pushed: then it may still be refused. */
  readonly pending: boolean;
}

/** What the next environment's folder says. */
export type TargetAnswer = { readonly kind: 'already'; readonly version: ReleasedVersion } | { readonly kind: 'open' };

/**
 * Pure: the version of a model that is to be promoted: the highest, or the one that was named.
 *
 * @throws CliError NOT_RELEASED.
 */
export function chooseCandidate(
  environment: { readonly name: string; readonly versions: readonly ReleasedVersion[] },
  model: string,
  wanted: string | undefined,
): ReleasedVersion {
  const there = versionsOf(environment.versions, model);
  const found = wanted === undefined ? there[0] : there.find(({ spec }) => spec.version === wanted);
  if (found !== undefined) return found;
  if (there.length === 0) {
    const models = [...new Set(environment.versions.map(({ spec }) => spec.model))].sort();
    const near = nearNames(model, models)[0];
    throw new CliError(
      'NOT_RELEASED',
      `${environment.name} has no version of ${model}.`,
      near !== undefined
        ? `Did you mean ${near}?`
        : models.length === 0
          ? `Release one first: pawl release oci://… --env ${environment.name}`
          : `It has: ${models.join(', ')}.`,
    );
  }
  throw new CliError(
    'NOT_RELEASED',
    `${environment.name} has no ${model} ${wanted ?? ''}.`,
    `It has: ${there.map(({ spec }) => spec.version).join(', ')}.`,
  );
}

/**
 * Pure: whether the next environment takes this version, or has it.
 *
 * @throws CliError PROMOTION_WAY, PROMOTION_LOWER, PROMOTION_ROLLED_BACK, DIGEST_DIFFERS.
 */
export function judgeTarget(question: TargetQuestion): TargetAnswer {
  const { candidate, from, to, versions, onlyFrom, pending } = question;
  const { model, version, artifact } = candidate.spec;
  const there = versionsOf(versions, model);
  const same = there.find(({ spec }) => compareBuild(spec.version, version) === 0);
  if (onlyFrom !== undefined && onlyFrom !== from)
    throw new CliError(
      'PROMOTION_WAY',
      `${to} takes versions from ${onlyFrom}, and ${from} was named.`,
      `Promote to ${onlyFrom} first, then: pawl promote ${model} --from ${onlyFrom} --to ${to}. Its environment.yaml says so.`,
    );
  if (same !== undefined) {
    if (same.spec.artifact.digest === artifact.digest) {
      if (pending) refuseRolledBack(question);
      return { kind: 'already', version: same };
    }
    throw new CliError(
      'DIGEST_DIFFERS',
      `${to} has another ${model} ${version}: ${shortDigest(same.spec.artifact.digest)}; in ${from} it is ${shortDigest(artifact.digest)}.`,
      'A version is one bundle, everywhere. Release the weights under a new version to the first environment, and promote that.',
    );
  }
  const highest = there[0];
  if (highest !== undefined && compareBuild(highest.spec.version, version) > 0)
    throw new CliError(
      'PROMOTION_LOWER',
      `${to} has ${model} ${highest.spec.version}, which is higher than ${version}: the lower one would never be served.`,
      `To go back there: pawl rollback ${model} --env ${to}`,
    );
  refuseRolledBack(question);
  return { kind: 'open' };
}

function refuseRolledBack({ candidate, to, rolledBack, again }: TargetQuestion): void {
  if (rolledBack === undefined || again) return;
  const { model, version } = candidate.spec;
  throw new CliError(
    'PROMOTION_ROLLED_BACK',
    `${model} ${version} was rolled back in ${to} by ${rolledBack.author} at ${rolledBack.at}, ${rolledBack.short}: ${rolledBack.subject}.`,
    'Promote a version that fixes what was wrong; --again brings this one back.',
  );
}
