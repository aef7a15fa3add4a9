import { relative } from 'node:path';
import { simpleGit, type SimpleGit } from 'simple-git';
import { CliError } from '../errors/cli-error.ts';
import { gitError } from './errors.ts';

/** How Git is run. */
export interface GitOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Milliseconds without a word of Git after which it is ended; default two minutes. */
  readonly silenceMs?: number;
}

/** Where a branch is pushed to. */
export interface Upstream {
  readonly remote: string;
  /** Name of the branch there. */
  readonly branch: string;
}

/** How a push ended: `current` when the remote had it all, `rejected` when it has commits that we have not. */
export type PushOutcome = 'pushed' | 'current' | 'rejected';

/** Variables of Git that come from the user: identity, keys, certificates, settings. Others (GIT_DIR …) would misdirect us. */
const PASSED_ON =
  /^(GIT_(AUTHOR|COMMITTER)_\w+|GIT_SSH(_COMMAND)?|GIT_ASKPASS|SSH_ASKPASS|GIT_CONFIG_\w+|GIT_SSL_\w+|GIT_CEILING_DIRECTORIES)$/;
/** Guarded by simple-git beside `GIT_*`; an editor or a pager is never wanted here. */
const DROPPED = /^(GIT_\w+|EDITOR|VISUAL|PAGER|PREFIX|SSH_ASKPASS)$/;

/** A clone of a Git repository on this machine. Every call ends: by its answer, by silence, or by the signal. */
export class Repository {
  /** Absolute path of the working tree. */
  readonly root: string;
  readonly #git: SimpleGit;
  /** Puts things right after a failure, also when the failure was that somebody stopped us. */
  readonly #mend: SimpleGit;

  private constructor(root: string, options: GitOptions) {
    this.root = root;
    this.#git = start(root, options);
    this.#mend = start(root, { ...options, signal: new AbortController().signal });
  }

  /** The repository that a folder is in. @throws CliError GIT_FAILED when there is none. */
  static async open(folder: string, options: GitOptions): Promise<Repository> {
    const root = await attempt(`finding the Git repository of ${folder}`, () =>
      start(folder, options).raw(['rev-parse', '--show-toplevel']),
    );
    return new Repository(root.trim(), options);
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
      await this.#mend.raw(['reset', '--quiet', '--', ...paths]).catch(() => undefined);
      throw error;
    }
    return (await this.#git.raw(['rev-parse', '--short', 'HEAD'])).trim();
  }

  /** Takes the last commit back: the branch and these paths of the index; files in the working tree stay as they are. */
  async uncommit(paths: readonly string[]): Promise<void> {
    await attempt('git reset', async () => {
      await this.#mend.raw(['reset', '--quiet', '--soft', 'HEAD~1']);
      await this.#mend.raw(['reset', '--quiet', '--', ...paths]);
    });
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
      await this.#mend.raw(['rebase', '--abort']).catch(() => undefined);
      throw gitError(`git rebase on ${remote}/${branch}`, cause);
    }
  }
}

function start(folder: string, { env, signal, silenceMs = 120_000 }: GitOptions): SimpleGit {
  const passedOn = Object.entries(env).filter(([key]) => PASSED_ON.test(key));
  const others = Object.entries(env).filter(([key]) => !DROPPED.test(key.toUpperCase()));
  // Messages in English, so that they can be told apart; and no question that nobody answers.
  const own = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' };
  return simpleGit({
    baseDir: folder,
    abort: signal,
    timeout: { block: silenceMs },
    allowEnvironment: [...passedOn.map(([key]) => key), ...Object.keys(own)],
    // The user's own settings, from the user's own shell.
    unsafe: {
      allowUnsafeSshCommand: true,
      allowUnsafeAskPass: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeCredentialHelper: true,
    },
  }).env({ ...Object.fromEntries([...others, ...passedOn].filter(([, value]) => value !== undefined)), ...own });
}

async function attempt<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw gitError(doing, cause);
  }
}
