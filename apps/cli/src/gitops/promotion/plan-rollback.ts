import { basename } from 'node:path/posix';
import { compareBuild, valid } from 'semver';
import { CliError } from '../../errors/cli-error.ts';
import type { Commit } from '../git/history.ts';
import { nearNames } from '../../terminal/near-names.ts';
import { parseReleased, versionsOf, type ReleasedVersion } from '../environments/environment.ts';
import { chooseCandidate } from './judge-target.ts';
import { shallow } from './history.ts';
import { rollbackOf } from './trailers.ts';

/** Everything that decides about a rollback, but the texts of files that are not there any more. */
export interface RollbackInput {
  readonly model: string;
  readonly environment: string;
  readonly versions: readonly ReleasedVersion[];
  /** Of the environment's folder of versions, newest first. */
  readonly history: readonly Commit[];
  /** Hashes at which a shallow clone ends. */
  readonly boundaries: ReadonlySet<string>;
  /** The version to go back to; undefined: the one below the highest. */
  readonly to?: string | undefined;
  /** What was decided before others pushed. */
  readonly decided?: { readonly from: string; readonly to: string } | undefined;
}

/** What a rollback changes. */
export type RollbackPlan =
  | {
      readonly kind: 'already';
      readonly version: string;
      /** The commit that went back to it; undefined: it is simply the highest. */
      readonly by?: Commit | undefined;
    }
  | {
      readonly kind: 'rollback';
      readonly from: string;
      readonly to: string;
      /** Commits that are taken back, newest first. */
      readonly commits: readonly Commit[];
      /** Highest first. */
      readonly removed: readonly ReleasedVersion[];
      /** Files that those commits had removed. */
      readonly restored: readonly ReleasedVersion[];
    };

/** Reads a file as it was before a commit. @param path relative to the root of the repository. */
export type TextBefore = (commit: Commit, path: string) => Promise<string>;

/**
 * What it takes for a version to be the highest again: every higher one goes, and what the commits that brought those removed
 * of this model comes back. No other file is looked at. Does no I/O but by `textBefore`.
 *
 * @throws CliError NOT_RELEASED, ROLLBACK_REFUSED, ROLLBACK_NOTHING, ROLLBACK_OVERTAKEN, HISTORY_SHALLOW, VERSION_NOT_FOUND.
 */
export async function planRollback(input: RollbackInput, textBefore: TextBefore): Promise<RollbackPlan> {
  const { model, environment, versions, boundaries, decided } = input;
  const highest = chooseCandidate({ name: environment, versions }, model, undefined).spec.version;
  const to = decided?.to ?? input.to;
  const last = input.history.find(({ files }) => files.some(({ path }) => isOf(model, versions, path)));
  const note = last === undefined || boundaries.has(last.hash) ? undefined : rollbackOf(last, model, environment);
  const by = note?.to === highest ? last : undefined;

  if (to !== undefined && compareBuild(to, highest) === 0) return { kind: 'already', version: highest, by };
  if (to !== undefined && compareBuild(to, highest) > 0)
    throw new CliError(
      'ROLLBACK_REFUSED',
      `${environment} has ${model} ${highest}, and ${to} is higher: that is no way back.`,
      `To bring it there: pawl promote ${model} --version ${to} --from ENVIRONMENT --to ${environment}`,
    );
  if (decided !== undefined && decided.from !== highest)
    throw new CliError(
      'ROLLBACK_OVERTAKEN',
      `others brought ${model} ${highest} to ${environment} meanwhile; it was to go back to ${decided.to}, from what there was before.`,
      `Look at what they did; to take it back as well: pawl rollback ${model} --env ${environment} --to ${decided.to}`,
    );
  if (to === undefined && last !== undefined && boundaries.has(last.hash))
    throw shallow(`what brought ${model} ${highest} to ${environment}`);
  if (to === undefined && by !== undefined) return { kind: 'already', version: highest, by };

  const below = (version: string) => compareBuild(version, to ?? highest) < (to === undefined ? 0 : 1);
  const { state, commits } = await undo(input, below, textBefore);
  const reached = versionsOf([...state.values()], model)[0]?.spec.version;
  if (reached === undefined && to === undefined)
    throw new CliError(
      'ROLLBACK_NOTHING',
      `${model} ${highest} is the only version that ${environment} ever had: there is nothing to go back to.`,
      'To stop serving, scale the service down; to serve something else, release or promote it.',
    );
  if (reached === undefined || (to !== undefined && compareBuild(reached, to) !== 0))
    throw unknownVersion(input, to ?? '', [...versions, ...state.values()]);
  const there = versionsOf(versions, model);
  return {
    kind: 'rollback',
    from: highest,
    to: reached,
    commits,
    removed: there.filter(({ file }) => !state.has(file)),
    restored: versionsOf([...state.values()], model).filter(({ file }) => !there.some((each) => each.file === file)),
  };
}

/** Takes back, highest version first, the commits that brought what is not to stay. */
async function undo(
  { model, environment, versions, history, boundaries }: RollbackInput,
  stays: (version: string) => boolean,
  textBefore: TextBefore,
): Promise<{ readonly state: ReadonlyMap<string, ReleasedVersion>; readonly commits: readonly Commit[] }> {
  const state = new Map(versionsOf(versions, model).map((version) => [version.file, version]));
  const undone = new Set<Commit>();
  for (;;) {
    const top = versionsOf([...state.values()], model).find(({ spec }) => !stays(spec.version));
    if (top === undefined) break;
    state.delete(top.file);
    const brought = history.find(({ files }) =>
      files.some(({ status, path }) => status === 'A' && basename(path) === top.file),
    );
    if (brought === undefined ? boundaries.size > 0 : boundaries.has(brought.hash))
      throw shallow(`what brought ${model} ${top.spec.version} to ${environment}`);
    if (brought === undefined || undone.has(brought)) continue;
    undone.add(brought);
    // What a rollback took away was taken away for a reason of its own.
    if (rollbackOf(brought, model, environment) !== undefined) continue;
    for (const { status, path } of brought.files) {
      const file = basename(path);
      if (status !== 'D' || state.has(file) || !isOf(model, versions, path)) continue;
      const version = parseReleased(file, await textBefore(brought, path));
      if (version?.spec.model === model) state.set(file, version);
    }
  }
  return { state, commits: history.filter((commit) => undone.has(commit)) };
}

/** Whether a path is a version's file of this model: by what is there, else by its name. */
function isOf(model: string, versions: readonly ReleasedVersion[], path: string): boolean {
  const file = basename(path);
  const known = versions.find((version) => version.file === file);
  return known === undefined ? isNamedFor(model, file) : known.spec.model === model;
}

/** Pure: whether a file has the name of a version of a model, such as `catdog-1.1.0.yaml`. */
export const isNamedFor = (model: string, file: string): boolean =>
  file.startsWith(`${model}-`) && /^\d.*\.ya?ml$/.test(file.slice(model.length + 1));

function unknownVersion(
  { model, environment }: RollbackInput,
  wanted: string,
  versions: readonly ReleasedVersion[],
): CliError {
  const known = [...new Set(versionsOf(versions, model).map(({ spec }) => spec.version))];
  const near = valid(wanted) === null ? [] : nearNames(wanted, known);
  return new CliError(
    'VERSION_NOT_FOUND',
    `${environment} never had a ${model} ${wanted}, as far as its versions and their commits say.`,
    `${near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `}It has: ${known.join(', ')}.`,
  );
}
