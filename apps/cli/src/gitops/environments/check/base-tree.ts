import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Context } from '../../../terminal/context.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { gitError } from '../../git/errors.ts';
import { Repository } from '../../git/repository.ts';
import { readVersionFiles, type VersionFile } from './version-file.ts';

/** What the working tree is compared with. */
export interface Base {
  /** What was asked for: a branch, a tag, a commit. */
  readonly ref: string;
  /** The commit that it came to: where both histories part. */
  readonly commit: string;
  readonly repository: Repository;
  /** Whether Git has only part of the history. */
  readonly shallow: boolean;
}

/** Commits of one file that are looked at for a version that comes back. */
const MAX_COMMITS = 200;

/**
 * Finds where the working tree parted from `ref`; HEAD itself when there is no `ref`.
 *
 * @returns undefined when no `ref` was asked for and there is nothing to compare with: no repository, no commit.
 * @throws CliError GIT_FAILED, FILE_NOT_FOUND for a `ref` that there is not.
 */
export async function findBase(context: Context, ref: string | undefined): Promise<Base | undefined> {
  const repository = await Repository.find(context.cwd, context);
  if (repository === undefined) {
    if (ref === undefined) return undefined;
    throw gitError(`finding ${ref}`, new Error('not a git repository'));
  }
  const name = ref ?? 'HEAD';
  const wanted = await repository.resolve(name);
  if (wanted === undefined) {
    if (ref === undefined) return undefined;
    throw new CliError(
      'FILE_NOT_FOUND',
      `Git knows no commit ${name}.`,
      'Fetch it first: git fetch origin BRANCH, then --base origin/BRANCH; in GitHub Actions, fetch-depth: 0.',
    );
  }
  // On a branch that is behind, what the other one got meanwhile is no change of ours.
  const parted = await repository.mergeBase(wanted);
  const shallow = (await repository.boundaries()).size > 0;
  return { ref: name, commit: parted ?? wanted, repository, shallow };
}

/**
 * Runs `body` with a temporary folder that has these folders as they are in the base; the clone's index and work trees are
 * not touched, and the folder is gone afterwards, whatever happens.
 *
 * @param folders absolute paths; those outside the repository are left out.
 */
export async function withBaseTree<Result>(
  base: Base,
  folders: readonly string[],
  body: (root: string) => Promise<Result>,
): Promise<Result> {
  const temporary = await mkdtemp(join(tmpdir(), 'pawl-base-'));
  try {
    const within = folders.map((folder) => withinRoot(base, folder)).filter((path) => path !== undefined);
    const root = join(temporary, 'tree');
    await base.repository.exportTo(root, join(temporary, 'index'), base.commit, within);
    return await body(root);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Path relative to the root of the repository, with slashes; undefined for one outside. */
export function withinRoot({ repository }: Base, path: string): string | undefined {
  const within = repository.within(path);
  if (within === '') return '.';
  return within === '..' || within.startsWith('../') || isAbsolute(within) ? undefined : within;
}

/** Whether some commit up to the base had this version in this file, of the same digest. */
export async function hadVersion(base: Base, path: string, version: VersionFile): Promise<boolean> {
  const within = withinRoot(base, path);
  if (within === undefined) return false;
  const { repository, commit } = base;
  const commits = await repository.history(within, ['--full-history', `--max-count=${MAX_COMMITS}`, commit]);
  for (const { hash } of commits) {
    const text = await repository.findText(hash, within);
    if (text === undefined) continue;
    const { versions } = readVersionFiles([{ name: version.name, file: version.file, text }]);
    if (versions.some(({ spec }) => spec.artifact.digest === version.spec.artifact.digest)) return true;
  }
  return false;
}
