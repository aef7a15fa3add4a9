import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { isMissing } from '@pawl/shared/errors/system-error';
import type { SimpleGit } from 'simple-git';
import { CliError } from '../../errors/cli-error.ts';
import { gitError } from './errors.ts';
import { LOG_ARGUMENTS, parseLog, type Commit } from './history.ts';
import { attempt, startGit, type GitOptions } from './run-git.ts';

/** Where a branch is pushed to. */
export interface Upstream {
  readonly remote: string;
  /** Name of the branch there. */
  readonly branch: string;
}

/** How a push ended: `current` when the remote had it all, `rejected` when it has commits that we have not. */
export type PushOutcome = 'pushed' | 'current' | 'rejected';

/** Files that one call of Git writes. */
const EXPORT_FILES = 200;

/** A clone of a Git repository on this machine. Every call ends: by its answer, by silence, or by the signal. */
export class Repository {
  /** Absolute path of the working tree. */
  readonly root: string;
  readonly #git: SimpleGit;
  /** Puts things right after a failure, also when the failure was that somebody stopped us. */
  readonly #uncancelled: SimpleGit;
  readonly #options: GitOptions;

  private constructor(root: string, options: GitOptions) {
    this.root = root;
    this.#options = options;
    this.#git = startGit(root, options);
    this.#uncancelled = startGit(root, { ...options, signal: new AbortController().signal });
  }

  /** The repository that a folder is in. @throws CliError GIT_FAILED when there is none. */
  static async open(folder: string, options: GitOptions): Promise<Repository> {
    const root = await attempt(`finding the Git repository of ${folder}`, () =>
      startGit(folder, options).raw(['rev-parse', '--show-toplevel']),
    );
    return new Repository(root.trim(), options);
  }

  /** The repository that a folder is in; undefined when it is in none. @throws CliError GIT_FAILED when Git cannot say. */
  static async find(folder: string, options: GitOptions): Promise<Repository | undefined> {
    try {
      return await Repository.open(folder, options);
    } catch (error) {
      if (error instanceof CliError && /not a git repository/i.test(error.message)) return undefined;
      throw error;
    }
  }

  /** Path relative to the root, with slashes. */
  within(path: string): string {
    return relative(this.root, path).replaceAll('\\', '/');
  }

  /** Name of the branch; undefined when HEAD is detached. */
  async branch(): Promise<string | undefined> {
    const name = await this.#git.raw(['symbolic-ref', '--quiet', '--short', 'HEAD']).catch(() => '');
    return name.trim() === '' ? undefined : name.trim();
  }

  /** The commit that is checked out, and whether tracked files differ from it; undefined before the first commit. */
  async revision(): Promise<{ readonly commit: string; readonly dirty: boolean } | undefined> {
    const commit = (await this.#git.raw(['rev-parse', '--verify', '--quiet', 'HEAD']).catch(() => '')).trim();
    if (commit === '') return undefined;
    const changed = await attempt('git status', () => this.#git.raw(['status', '--porcelain', '--untracked-files=no']));
    return { commit, dirty: changed.trim() !== '' };
  }

  /** Files below a folder that differ from the last commit, untracked ones included; relative to the root. */
  async changes(folder: string): Promise<readonly string[]> {
    const text = await attempt('git status', () =>
      this.#git.raw(['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--', folder]),
    );
    return text
      .split('\0')
      .filter(Boolean)
      .map((line) => line.slice(3));
  }

  /**
   * Commits these paths as they are in the working tree, deletions included, and nothing else of the index. When the commit
   * fails the index is as before.
   *
   * @returns short hash of the commit.
   */
  async commit(paths: readonly string[], message: string): Promise<string> {
    await attempt('git add', () => this.#git.raw(['add', '--all', '--', ...paths]));
    try {
      await attempt('git commit', () =>
        this.#git.raw(['commit', '--quiet', '--only', '--message', message, '--', ...paths]),
      );
    } catch (error) {
      await this.#uncancelled.raw(['reset', '--quiet', '--', ...paths]).catch(() => undefined);
      throw error;
    }
    return (await this.#git.raw(['rev-parse', '--short', 'HEAD'])).trim();
  }

  /** Takes the last commit back: the branch and these paths of the index; files in the working tree stay as they are. */
  async uncommit(paths: readonly string[]): Promise<void> {
    await attempt('git reset', async () => {
      await this.#uncancelled.raw(['reset', '--quiet', '--soft', 'HEAD~1']);
      await this.#uncancelled.raw(['reset', '--quiet', '--', ...paths]);
    });
  }

  /** Full hash of the commit that a revision names; undefined when it names none. */
  async resolve(revision: string): Promise<string | undefined> {
    const hash = await this.#git
      .raw(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`])
      .catch(() => '');
    return hash.trim() === '' ? undefined : hash.trim();
  }

  /** The commit at which a commit's history and ours part; undefined when they have none in common. */
  async mergeBase(commit: string): Promise<string | undefined> {
    const hash = await this.#git.raw(['merge-base', commit, 'HEAD']).catch(() => '');
    return hash.trim() === '' ? undefined : hash.trim();
  }

  /**
   * Writes files and folders as a commit has them below a new folder. Neither the clone's index nor a working tree is touched,
   * and no hook runs.
   *
   * @param index absolute path of a file that is not there yet, for Git's notes.
   * @param paths relative to the root, `.` for all; what the commit lacks is left out.
   */
  async exportTo(folder: string, index: string, commit: string, paths: readonly string[]): Promise<void> {
    // To list no path is to list them all.
    if (paths.length === 0) return;
    const git = startGit(this.root, { ...this.#options, indexFile: index });
    await attempt('git read-tree', () => git.raw(['read-tree', commit]));
    const listed = await attempt('git ls-files', () =>
      git.raw(['--literal-pathspecs', 'ls-files', '-z', '--', ...paths]),
    );
    const files = listed.split('\0').filter(Boolean);
    // The length of a command line is limited.
    for (let first = 0; first < files.length; first += EXPORT_FILES) {
      const some = files.slice(first, first + EXPORT_FILES);
      await attempt('git checkout-index', () =>
        git.raw(['checkout-index', '--force', `--prefix=${folder}/`, '--', ...some]),
      );
    }
  }

  /**
   * Commits that changed something at or below a path, newest first.
   *
   * @param revisions as `git log` takes them: a commit, a range `A..B`, `--not --remotes`.
   */
  async history(path: string, revisions: readonly string[] = ['HEAD']): Promise<readonly Commit[]> {
    return parseLog(
      await attempt('git log', () =>
        this.#git.raw(['-c', 'core.quotePath=false', 'log', ...LOG_ARGUMENTS, ...revisions, '--', path]),
      ),
    );
  }

  /** Commits whose parents a shallow clone lacks, so that they seem to bring everything; empty in a whole clone. */
  async boundaries(): Promise<ReadonlySet<string>> {
    const path = await attempt('git rev-parse', () => this.#git.raw(['rev-parse', '--git-path', 'shallow']));
    const text = await readFile(resolve(this.root, path.trim()), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return '';
      throw error;
    });
    return new Set(text.split('\n').filter(Boolean));
  }

  /** A file as a commit has it. @param path relative to the root. */
  async textAt(commit: string, path: string): Promise<string> {
    return await attempt('git show', () => this.#git.raw(['show', '--end-of-options', `${commit}:${path}`]));
  }

  /** As {@link textAt}; undefined when the commit has no such file. */
  async findText(commit: string, path: string): Promise<string | undefined> {
    const blob = await this.#git
      .raw(['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}:${path}`])
      .catch(() => '');
    return blob.trim() === '' ? undefined : await this.textAt(commit, path);
  }

  /** All files that a commit changed against its first parent, relative to the root. */
  async filesOf(commit: string): Promise<readonly string[]> {
    const shape = ['-z', '--name-only', '--no-renames', '--diff-merges=first-parent', '--format='];
    const text = await attempt('git show', () => this.#git.raw(['show', ...shape, '--end-of-options', commit]));
    return text.split('\0').filter(Boolean);
  }

  /** Whether Git takes this as the name of a branch. */
  async isBranchName(name: string): Promise<boolean> {
    return await this.#git.raw(['check-ref-format', '--branch', name]).then(
      () => true,
      () => false,
    );
  }

  /** Where a branch is pushed to: its upstream, else the branch of the same name on the only remote or `origin`. */
  async upstream(branch: string): Promise<Upstream> {
    const configured = async (key: string) =>
      (await this.#git.raw(['config', '--get', `branch.${branch}.${key}`]).catch(() => '')).trim();
    const remote = await configured('remote');
    const merge = (await configured('merge')).replace(/^refs\/heads\//, '');
    if (remote !== '' && merge !== '') return { remote, branch: merge };
    const remotes = (await attempt('git remote', () => this.#git.raw(['remote']))).split('\n').filter(Boolean);
    const chosen = remotes.includes('origin') ? 'origin' : remotes.length === 1 ? remotes[0] : undefined;
    if (chosen !== undefined) return { remote: chosen, branch };
    throw new CliError(
      'GIT_FAILED',
      `branch ${branch} has no upstream, and ${remotes.length === 0 ? 'there is no remote' : 'there are several remotes'}.`,
      remotes.length === 0
        ? 'Add one: git remote add origin URL; or leave out --push.'
        : `Choose one: git branch --set-upstream-to REMOTE/${branch}.`,
    );
  }

  /** The commit that a branch of a remote has now; undefined when there is no such branch. */
  async fetch({ remote, branch }: Upstream): Promise<string | undefined> {
    const name = `refs/heads/${branch}`;
    const listed = await attempt(`git ls-remote ${remote}`, () => this.#git.raw(['ls-remote', remote, name]));
    if (!listed.includes(`\t${name}`)) return undefined;
    await attempt(`git fetch from ${remote}`, () => this.#git.raw(['fetch', '--quiet', remote, name]));
    return await this.resolve('FETCH_HEAD');
  }

  /** Address of a remote; undefined when it has none. */
  async addressOf(remote: string): Promise<string | undefined> {
    const address = (await this.#git.raw(['config', '--get', `remote.${remote}.url`]).catch(() => '')).trim();
    return address === '' ? undefined : address;
  }

  /** Names of the branches that are checked out, in this working tree or another one of the repository. */
  async checkedOut(): Promise<readonly string[]> {
    const text = await attempt('git worktree list', () => this.#git.raw(['worktree', 'list', '--porcelain']));
    return [...text.matchAll(/^branch refs\/heads\/(.+)$/gm)].map(([, name]) => name ?? '');
  }

  /** A second working tree of this repository in a new folder, at a commit and on no branch. */
  async addWorktree(folder: string, commit: string): Promise<void> {
    await attempt('git worktree add', () => this.#git.raw(['worktree', 'add', '--quiet', '--detach', folder, commit]));
  }

  /** Takes away what {@link addWorktree} made, as far as it got. */
  async removeWorktree(folder: string): Promise<void> {
    await this.#uncancelled.raw(['worktree', 'remove', '--force', folder]).catch(() => undefined);
    await this.#uncancelled.raw(['worktree', 'prune']).catch(() => undefined);
  }

  /** Makes a branch name this commit, also where it named another one. */
  async pointBranch(branch: string, commit: string): Promise<void> {
    await attempt('git branch', () => this.#git.raw(['update-ref', `refs/heads/${branch}`, commit]));
  }

  /** Pushes HEAD. @throws CliError GIT_FAILED for every refusal but that of commits which we lack. */
  async push({ remote, branch }: Upstream): Promise<PushOutcome> {
    try {
      const report = await this.#git.raw(['push', '--porcelain', remote, `HEAD:refs/heads/${branch}`]);
      // git-push(1), OUTPUT: the flag of a ref that was up to date.
      return /^=\t/m.test(report) ? 'current' : 'pushed';
    } catch (cause) {
      if (/\[rejected\]|non-fast-forward|fetch first|cannot lock ref/i.test(String(cause))) return 'rejected';
      throw gitError(`git push to ${remote}`, cause);
    }
  }

  /**
   * Fetches the upstream and puts our commits on top of it; uncommitted changes elsewhere are kept.
   *
   * @throws CliError GIT_FAILED; after a conflict the branch is as before.
   */
  async rebase({ remote, branch }: Upstream): Promise<void> {
    await attempt(`git fetch from ${remote}`, () =>
      this.#git.raw(['fetch', '--quiet', remote, `refs/heads/${branch}`]),
    );
    try {
      await this.#git.raw(['rebase', '--quiet', '--autostash', 'FETCH_HEAD']);
    } catch (cause) {
      await this.#uncancelled.raw(['rebase', '--abort']).catch(() => undefined);
      throw gitError(`git rebase on ${remote}/${branch}`, cause);
    }
  }
}
