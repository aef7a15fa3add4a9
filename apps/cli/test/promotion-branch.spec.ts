import { cleanFolders } from '@pawl/test-kit/bundles';
import { pullRequest } from '../src/gitops/promotion/render-outcome.ts';
import { failedFor } from './support/objects.ts';
import { ENVIRONMENTS, PromotionFixture } from './support/promotion-fixture.ts';

afterEach(cleanFolders);

const PROMOTE = 'promote/catdog-1.0.0-to-prod';

describe('pawl promote --branch', () => {
  it('commits on a branch of its own and leaves the one that is checked out alone, whatever is changed there', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.write(`${ENVIRONMENTS}/prod/values.yaml`, 'in progress\n');
    await fixture.write('other.txt', 'staged\n');
    await fixture.git('add', 'other.txt');
    const before = await fixture.snapshot();
    const { code, out, err } = await fixture.promote('--branch');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`+++ b/${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml\n`);
    expect(out).toMatch(
      /\nCommitted [0-9a-f]+ on promote\/catdog-1.0.0-to-prod: Promote catdog .*\nnext: git push origin promote\/catdog-1.0.0-to-prod, and open a pull request\n$/,
    );
    const { branches, ...after } = await fixture.snapshot();
    expect(after).toMatchObject({ head: before['head'], status: before['status'], worktrees: before['worktrees'] });
    expect(branches).toContain(PROMOTE);
    expect(await fixture.modelsAt(PROMOTE)).toEqual(['catdog-1.0.0.yaml']);
    expect(await fixture.git('rev-parse', `${PROMOTE}~1`)).toBe(before['head']);
    expect(await fixture.models()).toEqual([]);
  });

  it('is pushed, and run again changes nothing', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const first = await fixture.promote('--branch', '--push');
    expect(first.out).toMatch(
      /\nPushed to origin\/promote\/catdog-1.0.0-to-prod.\nnext: open a pull request of promote\/catdog-1.0.0-to-prod into main\n$/,
    );
    const tip = await fixture.git('rev-parse', PROMOTE);
    expect(await fixture.git('rev-parse', `origin/${PROMOTE}`)).toBe(tip);
    const again = await fixture.promote('--branch', '--push');
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toMatch(/Already there: prod has this digest.\n$/);
    expect(await fixture.git('rev-parse', PROMOTE)).toBe(tip);
    // Another clone, as a workflow has it, finds the branch at the remote.
    await fixture.gitIn(fixture.folder, 'clone', '--quiet', 'remote.git', 'second');
    const argv = ['promote', 'catdog', '--from', 'staging', '--to', 'prod', '--branch', '--push'];
    const second = await fixture.pawl(argv, { clone: `${fixture.folder}/second` });
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).toMatch(/Already there/);
    expect(await fixture.git('ls-remote', 'origin', PROMOTE)).toContain(tip);
  });

  it('makes no branch of what the checked-out one has already', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.promote('--push');
    const before = await fixture.snapshot();
    expect((await fixture.promote('--branch', '--push')).out).toMatch(/Already there: prod has this digest.\n$/);
    expect(await fixture.snapshot()).toEqual(before);
    expect(await fixture.git('ls-remote', 'origin', PROMOTE)).toBe('');
  });

  it('takes a name, also where HEAD is detached; the name of the checked-out branch is that branch', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.git('checkout', '--quiet', '--detach');
    expect((await fixture.promote('--branch', 'release/today')).code).toBe(0);
    expect(await fixture.modelsAt('release/today')).toEqual(['catdog-1.0.0.yaml']);
    await fixture.git('switch', '--quiet', 'main');
    expect((await fixture.promote('--branch', 'main')).out).toMatch(/ on main: [^]*next: git push\n$/);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    expect(await fixture.promote('--branch', 'a..b')).toMatchObject({ code: 2 });
    await fixture.git('worktree', 'add', '--quiet', `${fixture.folder}/tree`, 'release/today');
    expect((await fixture.promote('--branch', 'release/today')).err).toMatch(/is checked out in another working tree/);
  });

  it('leaves neither branch nor working tree behind when it is refused or interrupted', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const before = await fixture.snapshot();
    const dry = await fixture.promote('--branch', '--dry-run');
    expect(dry.out).toContain(`+++ b/${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml\n`);
    expect(await fixture.snapshot()).toEqual(before);
    await fixture.hook('pre-commit', 'echo not today >&2; exit 1');
    expect((await fixture.promote('--branch')).err).toMatch(/not today/);
    expect(await fixture.snapshot()).toEqual(before);
    await fixture.git('config', 'core.hooksPath', '/dev/null');
    fixture.prove('1.0.0', {}, failedFor('LatencyHigh'));
    expect((await fixture.promote('--branch')).err).toContain('[NOT_SERVING]');
    expect(await fixture.snapshot()).toEqual(before);
    const argv = ['promote', 'catdog', '--from', 'staging', '--to', 'prod', '--branch'];
    expect(await fixture.pawl(argv, { signal: AbortSignal.abort() })).toMatchObject({ code: 130 });
    expect(await fixture.snapshot()).toEqual(before);
  });

  it('keeps the commit on its branch when the push is cut off, and pushes it later', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.git('remote', 'set-url', '--push', 'origin', 'https://127.0.0.1:9/x.git');
    const failed = await fixture.promote('--branch', '--push');
    expect(failed.code).toBe(3);
    expect(failed.err).toMatch(/The commit [0-9a-f]+ is made and not pushed. \[GIT_FAILED\]/);
    expect(await fixture.modelsAt(PROMOTE)).toEqual(['catdog-1.0.0.yaml']);
    await fixture.git('config', '--unset', 'remote.origin.pushurl');
    const { code, out } = await fixture.promote('--branch', '--push');
    expect(code).toBe(0);
    expect(out).toMatch(/Already there[^]*\nPushed to origin\/promote/);
    expect(await fixture.git('rev-parse', `origin/${PROMOTE}`)).toBe(await fixture.git('rev-parse', PROMOTE));
  });

  it('does the same for a rollback', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    for (const version of ['1.0.0', '1.1.0']) await fixture.promote('--version', version, '--push');
    const head = await fixture.git('rev-parse', 'HEAD');
    const { code, out } = await fixture.rollback('--branch', '--push');
    expect(code).toBe(0);
    expect(out).toMatch(/\nPushed to origin\/rollback\/catdog-1.1.0-in-prod.\nnext: open a pull request/);
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(head);
    expect(await fixture.modelsAt('rollback/catdog-1.1.0-in-prod')).toEqual(['catdog-1.0.0.yaml']);
    expect((await fixture.rollback('--branch', '--push')).out).toMatch(/Already rolled back to 1.0.0/);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
  });
});

describe('how a pull request is opened', () => {
  it.each([
    [
      'https://github.com/o/r.git',
      /https:\/\/github.com\/o\/r\/compare\/main...b\?expand=1, or: gh pr create --base main/,
    ],
    ['git@github.com:o/r.git', /github.com\/o\/r\/compare/],
    ['https://token@github.com/o/r', /open the pull request: https:\/\/github.com\/o\/r\/compare/],
    ['ssh://git@gitlab.com/g/s/r.git', /gitlab.com\/g\/s\/r\/-\/merge_requests\/new/],
    ['https://git.example/o/r.git', /^open a pull request of b into main$/],
    [undefined, /^open a pull request of b into main$/],
  ])('at %s', (remote, expected) => {
    expect(pullRequest(remote, 'main', 'b')).toMatch(expected);
  });
});
