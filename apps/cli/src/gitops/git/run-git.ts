import { simpleGit, type SimpleGit } from 'simple-git';
import { gitError } from './errors.ts';

/** How Git is run. */
export interface GitOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Milliseconds without a word of Git after which it is ended; default two minutes. */
  readonly silenceMs?: number;
  /** Absolute path of an index to use instead of the clone's own. */
  readonly indexFile?: string;
}

/** Variables of Git that come from the user: identity, keys, certificates, settings. Others (GIT_DIR …) would misdirect us. */
const PASSED_ON =
  /^(GIT_(AUTHOR|COMMITTER)_\w+|GIT_SSH(_COMMAND)?|GIT_ASKPASS|SSH_ASKPASS|GIT_CONFIG_\w+|GIT_SSL_\w+|GIT_CEILING_DIRECTORIES)$/;
/** Guarded by simple-git beside `GIT_*`; an editor or a pager is never wanted here. */
const DROPPED = /^(GIT_\w+|EDITOR|VISUAL|PAGER|PREFIX|SSH_ASKPASS)$/;

/** Git in a folder. Every call ends: by its answer, by silence, or by the signal. */
export function startGit(folder: string, { env, signal, silenceMs = 120_000, indexFile }: GitOptions): SimpleGit {
  const passedOn = Object.entries(env).filter(([key]) => PASSED_ON.test(key));
  const others = Object.entries(env).filter(([key]) => !DROPPED.test(key.toUpperCase()));
  // Messages in English, so that they can be told apart; and no question that nobody answers.
  const own = {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
  };
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

/** @throws CliError GIT_FAILED for whatever `work` throws. */
export async function attempt<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw gitError(doing, cause);
  }
}
