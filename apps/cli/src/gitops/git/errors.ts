import { maskUris } from '@pawl/shared/errors/mask-uri';
import { CliError } from '../../errors/cli-error.ts';

/** Text of Git without credentials, on one line. */
export function sanitize(text: string): string {
  return maskUris(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

/** Words of Git, in its C locale, and what to do about them. */
const hints: readonly (readonly [said: RegExp, hint: string])[] = [
  [
    /not a git repository/i,
    'Run inside a clone of your environments repository, or add --no-commit to write files only.',
  ],
  [
    /who you are|auto-detect email|empty ident/i,
    'Tell Git who commits: git config user.name "…" and git config user.email "…".',
  ],
  [/dubious ownership/i, 'The clone belongs to another user; see git config --global safe.directory.'],
  [
    /authentication failed|could not read (username|password)|permission denied|access denied|\b40[13]\b/i,
    'Give Git credentials that may push: a credential helper, an SSH key, or a token of your CI.',
  ],
  [
    /could not resolve host|unable to access|connection|timed? ?out|does not appear to be a git repository/i,
    'Check the remote (git remote -v) and the network; nothing is lost, push again later.',
  ],
  [
    /ignored by one of your \.gitignore files/i,
    "Let Git track the environment's folder: git check-ignore -v FILE names the rule that hides it.",
  ],
  [
    /protected branch|hook declined/i,
    'The branch takes no direct pushes: commit on a branch of its own (--branch, or git switch -c NAME) and open a pull request.',
  ],
  [
    /index\.lock/i,
    'Another Git process runs in this clone, or one died; wait for it or delete the lock file it names.',
  ],
  [
    /partial commit during a (merge|rebase|cherry-pick)/i,
    'Finish or abort what Git has under way, then run the command again.',
  ],
  [/ENOENT|spawn/i, 'Install Git, or add --no-commit to write files only.'],
];

/** What Git said as an error of `pawl`: readable, with a next step, without credentials. */
export function gitError(doing: string, cause: unknown): CliError {
  const said = sanitize(cause instanceof Error ? cause.message : String(cause));
  const timedOut = /block timeout/i.test(said);
  const hint = timedOut
    ? 'Git was silent for too long: check the remote, hooks that wait for somebody, and the network.'
    : hints.find(([pattern]) => pattern.test(said))?.[1];
  // Git's own hints speak of commands that nobody typed.
  const words = said.replace(/ ?\bhint: .*$/i, '').replace(/^(error|fatal): /i, '');
  return new CliError(
    'GIT_FAILED',
    `${doing} failed: ${words.replace(/\.?$/, '.')}`,
    hint ?? "The message is Git's own.",
  );
}
