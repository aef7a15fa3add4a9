import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import type { Context } from '../../context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { gitError } from '../../git/errors.ts';
import { runProgram } from './run-program.ts';
import { readVersionFiles, type VersionFile } from './version-file.ts';

/** What the working tree is compared with. */
export interface Base {
  /** What was asked for: a branch, a tag, a commit. */
  readonly ref: string;
  /** The commit that it came to: where both histories part. */
  readonly commit: string;
  /** Absolute path of the working tree. */
  readonly root: string;
  /** Whether Git has only part of the history. */
  readonly shallow: boolean;
}

/** Variables that would lead Git to another repository than the one we are in. */
const MISLEADING = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_COMMON_DIR',
  'GIT_PREFIX',
];
/** Commits of one file that are looked at for a version that comes back. */
const MAX_COMMITS = 200;

/**
 * Finds where the working tree parted from `ref`; HEAD itself when there is no `ref`.
 *
 * @returns undefined when no `ref` was asked for and there is nothing to compare with: no repository, no commit.
 * @throws CliError GIT_FAILED, FILE_NOT_FOUND for a `ref` that there is not.
 */
export async function findBase(context: Context, ref: string | undefined): Promise<Base | undefined> {
  const top = await git(context, context.cwd, ['rev-parse', '--show-toplevel']);
  if (top === undefined && ref === undefined) return undefined;
  if (top === undefined) throw gitError(`finding ${ref ?? ''}`, new Error('not a git repository'));
  const root = top.trim();
  const name = ref ?? 'HEAD';
  const wanted = await git(context, root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  if (wanted === undefined) {
    if (ref === undefined) return undefined;
    throw new CliError(
      'FILE_NOT_FOUND',
      `Git knows no commit ${name}.`,
      'Fetch it first: git fetch origin BRANCH, then --base origin/BRANCH; in GitHub Actions, fetch-depth: 0.',
    );
  }
  // On a branch that is behind, what the other one got meanwhile is no change of ours.
  const parted = await git(context, root, ['merge-base', wanted.trim(), 'HEAD']);
  const shallow = (await git(context, root, ['rev-parse', '--is-shallow-repository']))?.trim() === 'true';
  return { ref: name, commit: (parted ?? wanted).trim(), root, shallow };
}

/**
 * Runs `body` with a temporary folder that has these folders as they are in the base; the clone's index and work trees are
 * not touched, and the folder is gone afterwards, whatever happens.
 *
 * @param folders absolute paths; those outside the repository are left out.
 */
export async function withBaseTree<Result>(
  context: Context,
  base: Base,
  folders: readonly string[],
  body: (root: string) => Promise<Result>,
): Promise<Result> {
  const temporary = await mkdtemp(join(tmpdir(), 'pawl-base-'));
  try {
    const env = { GIT_INDEX_FILE: join(temporary, 'index') };
    const root = join(temporary, 'tree');
    await must(context, base.root, ['read-tree', base.commit], { env });
    const within = folders.map((folder) => withinRoot(base, folder)).filter((path) => path !== undefined);
    if (within.length === 0) return await body(root);
    const files = await must(context, base.root, ['--literal-pathspecs', 'ls-files', '-z', '--', ...within], { env });
    await must(context, base.root, ['checkout-index', '-z', '--stdin', '--force', `--prefix=${root}/`], {
      env,
      input: files,
    });
    return await body(root);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Path relative to the root of the repository, with slashes; undefined for one outside. */
export function withinRoot({ root }: Base, path: string): string | undefined {
  const within = relative(root, path).replaceAll('\\', '/');
  if (within === '') return '.';
  return within === '..' || within.startsWith('../') || isAbsolute(within) ? undefined : within;
}

/** Whether some commit up to the base had this version in this file, of the same digest. */
export async function hadVersion(context: Context, base: Base, path: string, version: VersionFile): Promise<boolean> {
  const within = withinRoot(base, path);
  if (within === undefined) return false;
  const args = ['log', '--full-history', '--format=%H', `--max-count=${MAX_COMMITS}`, base.commit, '--', within];
  const commits = (await must(context, base.root, args)).split('\n').filter(Boolean);
  for (const commit of commits) {
    const text = await git(context, base.root, ['show', `${commit}:${within}`]);
    if (text === undefined) continue;
    const { versions } = readVersionFiles([{ name: version.name, file: version.file, text }]);
    if (versions.some(({ spec }) => spec.artifact.digest === version.spec.artifact.digest)) return true;
  }
  return false;
}

interface GitRun {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

async function run(context: Context, cwd: string, args: readonly string[], { env, input }: GitRun) {
  const cleared = Object.fromEntries(MISLEADING.map((name) => [name, undefined]));
  return await runProgram(context, 'git', args, {
    cwd,
    input,
    env: { ...cleared, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...env },
  });
}

/** What Git writes; undefined when it says no. @throws CliError GIT_FAILED when Git is not there or hangs. */
async function git(context: Context, cwd: string, args: readonly string[]): Promise<string | undefined> {
  const ended = await run(context, cwd, args, {});
  if (ended.kind === 'missing') throw gitError(`git ${args[0] ?? ''}`, new Error('spawn git ENOENT'));
  if (ended.kind === 'timeout') throw gitError(`git ${args[0] ?? ''}`, new Error('block timeout reached'));
  return ended.code === 0 ? ended.stdout : undefined;
}

async function must(context: Context, cwd: string, args: readonly string[], options: GitRun = {}): Promise<string> {
  const ended = await run(context, cwd, args, options);
  if (ended.kind === 'ended' && ended.code === 0) return ended.stdout;
  const said =
    ended.kind === 'ended' ? ended.stderr : ended.kind === 'missing' ? 'spawn git ENOENT' : 'block timeout reached';
  throw gitError(`git ${args[0] ?? ''}`, new Error(said));
}
