import { gitError, sanitize } from './errors.ts';

describe('what Git says', () => {
  it.each([
    ['https://ann:secret@git.example/x.git', 'https://***@git.example/x.git'],
    [
      "fatal: unable to access 'https://token@git.example/x.git/': 403",
      "fatal: unable to access 'https://***@git.example/x.git/': 403",
    ],
    ['ssh://git@host/x', 'ssh://***@host/x'],
    ['git@host:x.git', 'git@host:x.git'],
    ['one\n  two\n\nthree', 'one two three'],
  ])('%s is shown as %s', (text, expected) => {
    expect(sanitize(text)).toBe(expected);
  });

  it.each([
    ['fatal: not a git repository (or any of the parent directories): .git', /Run inside a clone/],
    ['Author identity unknown\n*** Please tell me who you are.', /git config user.name/],
    ["fatal: Authentication failed for 'https://x'", /credentials that may push/],
    ['ssh: Could not resolve hostname git.example', /Check the remote|credentials/],
    ['fatal: Unable to create .git/index.lock: File exists.', /Another Git process/],
    ['block timeout reached', /silent for too long/],
    ['Error: spawn git ENOENT', /Install Git/],
    ['The following paths are ignored by one of your .gitignore files:\nk8s\nhint: Use -f', /check-ignore/],
    ['! [remote rejected] HEAD -> main (protected branch hook declined)', /open a pull request/],
    ['something new', /own/],
  ])('%s: the next step', (said, hint) => {
    const error = gitError('git push', new Error(said));
    expect(error).toMatchObject({ code: 'GIT_FAILED', exitCode: 3 });
    expect(error.hint).toMatch(hint);
    expect(error.message).toMatch(/^git push failed: (?!fatal|hint)[^]*\.$/);
    expect(error.message).not.toContain('hint: ');
  });
});
