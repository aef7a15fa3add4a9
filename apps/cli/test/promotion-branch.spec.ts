import { cleanFolders } from '@pawl/test-kit/bundles';
import { pullRequest } from '../src/gitops/promotion/render-outcome.ts';
import { failedFor } from './support/objects.ts';
import { ENVIRONMENTS, PromotionStage } from './support/promotion-stage.ts';

afterEach(cleanFolders);

const PROMOTE = 'promote/catdog-1.0.0-to-prod';

describe('pawl promote --branch', () => {
  it('commits on a branch of its own and leaves the one that is checked out alone, whatever is changed there', async () => {
    const stage = await PromotionStage.make('1.0.0');
    await stage.write(`${ENVIRONMENTS}/prod/values.yaml`, 'in progress\n');
    await stage.write('other.txt', 'staged\n');
    await stage.git('add', 'other.txt');
    const before = await stage.snapshot();
    const { code, out, err } = await stage.promote('--branch');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`+++ b/${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml\n`);
    expect(out).toMatch(
      /\nCommitted [0-9a-f]+ on promote\/catdog-1.0.0-to-prod: Promote catdog .*\nnext: git push origin promote\/catdog-1.0.0-to-prod, and open a pull request\n$/,
    );
    const { branches, ...after } = await stage.snapshot();
    expect(after).toMatchObject({ head: before['head'], status: before['status'], worktrees: before['worktrees'] });
    expect(branches).toContain(PROMOTE);
    expect(await stage.modelsAt(PROMOTE)).toEqual(['catdog-1.0.0.yaml']);
    expect(await stage.git('rev-parse', `${PROMOTE}~1`)).toBe(before['head']);
    expect(await stage.models()).toEqual([]);
  });

  it('is pushed, and run again changes nothing', async () => {
    const stage = await PromotionStage.make('1.0.0');
    const first = await stage.promote('--branch', '--push');
    expect(first.out).toMatch(
      /\nPushed to origin\/promote\/catdog-1.0.0-to-prod.\nnext: open a pull request of promote\/catdog-1.0.0-to-prod into main\n$/,
    );
    const tip = await stage.git('rev-parse', PROMOTE);
    expect(await stage.git('rev-parse', `origin/${PROMOTE}`)).toBe(tip);
    const again = await stage.promote('--branch', '--push');
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toMatch(/Already there: prod has this digest.\n$/);
    expect(await stage.git('rev-parse', PROMOTE)).toBe(tip);
    // Another clone, as a workflow has it, finds the branch at the remote.
    await stage.gitIn(stage.folder, 'clone', '--quiet', 'remote.git', 'second');
    const argv = ['promote', 'catdog', '--from', 'staging', '--to', 'prod', '--branch', '--push'];
    const second = await stage.pawl(argv, { clone: `${stage.folder}/second` });
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).toMatch(/Already there/);
    expect(await stage.git('ls-remote', 'origin', PROMOTE)).toContain(tip);
  });

  it('makes no branch of what the checked-out one has already', async () => {
    const stage = await PromotionStage.make('1.0.0');
    await stage.promote('--push');
    const before = await stage.snapshot();
    expect((await stage.promote('--branch', '--push')).out).toMatch(/Already there: prod has this digest.\n$/);
    expect(await stage.snapshot()).toEqual(before);
    expect(await stage.git('ls-remote', 'origin', PROMOTE)).toBe('');
  });

  it('takes a name, also where HEAD is detached; the name of the checked-out branch is that branch', async () => {
    const stage = await PromotionStage.make('1.0.0');
    await stage.git('checkout', '--quiet', '--detach');
    expect((await stage.promote('--branch', 'release/today')).code).toBe(0);
    expect(await stage.modelsAt('release/today')).toEqual(['catdog-1.0.0.yaml']);
    await stage.git('switch', '--quiet', 'main');
    expect((await stage.promote('--branch', 'main')).out).toMatch(/ on main: [^]*next: git push\n$/);
    expect(await stage.models()).toEqual(['catdog-1.0.0.yaml']);
    expect(await stage.promote('--branch', 'a..b')).toMatchObject({ code: 2 });
    await stage.git('worktree', 'add', '--quiet', `${stage.folder}/tree`, 'release/today');
    expect((await stage.promote('--branch', 'release/today')).err).toMatch(/is checked out in another working tree/);
  });

  it('leaves neither branch nor working tree behind when it is refused or interrupted', async () => {
    const stage = await PromotionStage.make('1.0.0');
    const before = await stage.snapshot();
    const dry = await stage.promote('--branch', '--dry-run');
    expect(dry.out).toContain(`+++ b/${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml\n`);
    expect(await stage.snapshot()).toEqual(before);
    await stage.hook('pre-commit', 'echo not today >&2; exit 1');
    expect((await stage.promote('--branch')).err).toMatch(/not today/);
    expect(await stage.snapshot()).toEqual(before);
    await stage.git('config', 'core.hooksPath', '/dev/null');
    stage.prove('1.0.0', {}, failedFor('LatencyHigh'));
    expect((await stage.promote('--branch')).err).toContain('[NOT_SERVING]');
    expect(await stage.snapshot()).toEqual(before);
    const argv = ['promote', 'catdog', '--from', 'staging', '--to', 'prod', '--branch'];
    expect(await stage.pawl(argv, { signal: AbortSignal.abort() })).toMatchObject({ code: 130 });
    expect(await stage.snapshot()).toEqual(before);
  });

  it('keeps the commit on its branch when the push is cut off, and pushes it later', async () => {
    const stage = await PromotionStage.make('1.0.0');
    await stage.git('remote', 'set-url', '--push', 'origin', 'https://127.0.0.1:9/x.git');
    const failed = await stage.promote('--branch', '--push');
    expect(failed.code).toBe(3);
    expect(failed.err).toMatch(/The commit [0-9a-f]+ is made and not pushed. \[GIT_FAILED\]/);
    expect(await stage.modelsAt(PROMOTE)).toEqual(['catdog-1.0.0.yaml']);
    await stage.git('config', '--unset', 'remote.origin.pushurl');
    const { code, out } = await stage.promote('--branch', '--push');
    expect(code).toBe(0);
    expect(out).toMatch(/Already there[^]*\nPushed to origin\/promote/);
    expect(await stage.git('rev-parse', `origin/${PROMOTE}`)).toBe(await stage.git('rev-parse', PROMOTE));
  });

  it('does the same for a rollback', async () => {
    const stage = await PromotionStage.make('1.0.0', '1.1.0');
    for (const version of ['1.0.0', '1.1.0']) await stage.promote('--version', version, '--push');
    const head = await stage.git('rev-parse', 'HEAD');
    const { code, out } = await stage.rollback('--branch', '--push');
    expect(code).toBe(0);
    expect(out).toMatch(/\nPushed to origin\/rollback\/catdog-1.1.0-in-prod.\nnext: open a pull request/);
    expect(await stage.git('rev-parse', 'HEAD')).toBe(head);
    expect(await stage.modelsAt('rollback/catdog-1.1.0-in-prod')).toEqual(['catdog-1.0.0.yaml']);
    expect((await stage.rollback('--branch', '--push')).out).toMatch(/Already rolled back to 1.0.0/);
    expect(await stage.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
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
