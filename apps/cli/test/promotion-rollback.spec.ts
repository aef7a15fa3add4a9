import { join } from 'node:path';
import { cleanFolders } from '@pawl/test-kit/bundles';
import { ENVIRONMENTS, PromotionFixture } from './support/promotion-fixture.ts';

afterEach(cleanFolders);

/** Staging with these versions, all of them promoted one after the other. */
async function promoted(versions: readonly string[], ...flags: readonly string[]): Promise<PromotionFixture> {
  const fixture = await PromotionFixture.make(...versions);
  for (const version of versions) {
    const { code, err } = await fixture.promote('--version', version, '--push', ...flags);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  }
  return fixture;
}

describe('pawl rollback', () => {
  it('is a revert of the promotion, which restores what that removed, and leaves everything else alone', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0', '1.2.0'], '--keep', '2');
    const promotion = await fixture.git('rev-parse', 'HEAD');
    const before = await fixture.git('rev-parse', 'HEAD~1:k8s');
    const oldest = await fixture.git('show', `HEAD~1:${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml`);
    // Later work of others, of which a revert of the whole tree would know nothing.
    await fixture.write(`${ENVIRONMENTS}/prod/values.yaml`, 'replicaCount: 3\n');
    await fixture.write('other.txt', 'later\n');
    await fixture.commit('Later');
    await fixture.write('other.txt', 'in progress\n');

    const { code, out, err, connected } = await fixture.rollback('--reason', 'takes dogs for cats');
    expect({ code, err, connected }).toEqual({ code: 0, err: '', connected: [] });
    expect(out).toMatch(/^catdog in prod: 1.2.0 → 1.1.0\n {2}takes back {2}[0-9a-f]+ Promote catdog 1.2.0 .*\(Ann\)\n/);
    expect(out).toContain(`deleted file mode 100644\n--- a/${ENVIRONMENTS}/prod/models/catdog-1.2.0.yaml`);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
    const restored = await fixture.read(`${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml`);
    expect(restored.trim()).toBe(oldest);
    expect(await fixture.read(`${ENVIRONMENTS}/prod/values.yaml`)).toBe('replicaCount: 3\n');
    expect(await fixture.git('status', '--porcelain')).toBe('M other.txt');
    expect(await fixture.git('log', '-1', '--format=%B')).toBe(
      [
        'Revert "Promote catdog 1.2.0 from staging to prod"',
        '',
        `This reverts commit ${promotion}.`,
        '',
        'reason: takes dogs for cats',
        'prod goes back from catdog 1.2.0 to 1.1.0.',
        'removed: 1.2.0',
        'restored: 1.0.0',
        '',
        'Pawl-Rollback: catdog 1.2.0 -> 1.1.0 in prod',
      ].join('\n'),
    );
    // What git revert itself would have made of it, but for what came later.
    await fixture.git('checkout', '--quiet', '--', 'other.txt');
    await fixture.git('rm', '--quiet', `${ENVIRONMENTS}/prod/values.yaml`);
    await fixture.git('commit', '--quiet', '-m', 'Without what came later');
    expect(await fixture.git('rev-parse', 'HEAD:k8s')).toBe(before);
  });

  it('run twice goes back once', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0', '1.2.0']);
    expect((await fixture.rollback()).code).toBe(0);
    const head = await fixture.git('rev-parse', 'HEAD');
    const again = await fixture.rollback();
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toMatch(
      /^catdog in prod\n {2}Already rolled back to 1.1.0 by Ann at \S+, [0-9a-f]+.\n {2}To go further back, name the version with --to.\n$/,
    );
    expect(await fixture.git('rev-parse', 'HEAD')).toBe(head);
    expect((await fixture.rollback('--push')).out).toMatch(/Already[^]*\nPushed to origin\/main.\n$/);
    expect((await fixture.rollback('--to', '1.1.0')).out).toMatch(/Already rolled back to 1.1.0/);

    const further = await fixture.rollback('--to', '1.0.0');
    expect(further.code).toBe(0);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    // Nothing of this model came after; work elsewhere does not make it forget.
    await fixture.write('other.txt', 'later\n');
    await fixture.commit('Later');
    expect((await fixture.rollback()).out).toMatch(/Already rolled back to 1.0.0/);
    expect((await fixture.rollback('--to', '1.0.0')).code).toBe(0);
  });

  it('goes back over several commits, also to what a later one removed', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0', '1.2.0', '1.3.0'], '--keep', '2');
    const hashes = await fixture.git('log', '-3', '--format=%H');
    expect(await fixture.models()).toEqual(['catdog-1.2.0.yaml', 'catdog-1.3.0.yaml']);
    const { code, out } = await fixture.rollback('--to', '1.0.0');
    expect(code).toBe(0);
    expect(out).toContain('catdog in prod: 1.3.0 → 1.0.0');
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    const message = await fixture.git('log', '-1', '--format=%B');
    expect(message).toMatch(/^Roll catdog back from 1.3.0 to 1.0.0 in prod\n/);
    expect([...message.matchAll(/This reverts commit ([0-9a-f]+)/g)].map(([, hash]) => hash)).toEqual(
      hashes.split('\n'),
    );
  });

  it('leaves other models alone, also those of the same commit, and says that it is a part of it', async () => {
    const fixture = await promoted(['1.0.0']);
    const birds = (await fixture.read(`${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml`))
      .replaceAll('catdog', 'birds')
      .replaceAll('1.0.0', '7.0.0')
      .replaceAll('1-0-0', '7-0-0');
    const higher = (await fixture.read(`${ENVIRONMENTS}/prod/models/catdog-1.0.0.yaml`))
      .replaceAll('1.0.0', '1.1.0')
      .replaceAll('1-0-0', '1-1-0');
    await fixture.write(`${ENVIRONMENTS}/prod/models/birds-7.0.0.yaml`, birds);
    await fixture.write(`${ENVIRONMENTS}/prod/models/by-hand.yaml`, higher);
    await fixture.commit('Two at once');
    const { code } = await fixture.rollback();
    expect(code).toBe(0);
    expect(await fixture.models()).toEqual(['birds-7.0.0.yaml', 'catdog-1.0.0.yaml']);
    expect(await fixture.git('log', '-1', '--format=%B')).toMatch(
      /^Revert "Two at once"\n\nThis reverts commit [0-9a-f]{40},\nas far as it is about catdog in prod.\n/,
    );
  });

  it('is not stopped by what others broke, and says that it leaves it', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0']);
    await fixture.write(`${ENVIRONMENTS}/prod/models/birds-2.0.0.yaml`, 'a: [');
    await fixture.write(`${ENVIRONMENTS}/prod/values.yaml`, 'b: [');
    await fixture.commit('Broken');
    const { code, out, err } = await fixture.rollback();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/1.1.0 → 1.0.0[^]*\n {2}left as it is {2}birds-2.0.0.yaml is not YAML/);
    expect(await fixture.models()).toEqual(['birds-2.0.0.yaml', 'catdog-1.0.0.yaml']);

    // One of its own it cannot know the meaning of.
    await fixture.write(`${ENVIRONMENTS}/prod/models/catdog-1.2.0.yaml`, 'a: [');
    await fixture.commit('Broken again');
    expect((await fixture.rollback('--to', '1.0.0')).err).toMatch(
      /catdog-1.2.0.yaml is not YAML[^]*Fix or remove the file/,
    );
  });

  it('finds what a merged pull request brought', async () => {
    const fixture = await promoted(['1.0.0']);
    await fixture.release('1.1.0');
    await fixture.git('switch', '--quiet', '-c', 'request');
    await fixture.promote();
    const promotion = await fixture.git('rev-parse', 'HEAD');
    await fixture.git('switch', '--quiet', 'main');
    await fixture.write('other.txt', 'meanwhile\n');
    await fixture.commit('Meanwhile');
    await fixture.git('merge', '--quiet', '--no-ff', '-m', 'Merge request', 'request');
    expect((await fixture.rollback()).code).toBe(0);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    expect(await fixture.git('log', '-1', '--format=%B')).toContain(`This reverts commit ${promotion}.`);
    expect(await fixture.read('other.txt')).toBe('meanwhile\n');
  });

  it('makes a promotion of the same version ask for --again', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0']);
    await fixture.rollback('--reason', 'wrong', '--push');
    const { code, err } = await fixture.promote();
    expect(code).toBe(1);
    expect(err).toMatch(
      /catdog 1.1.0 was rolled back in prod by Ann at \S+, [0-9a-f]+: Revert "Promote[^]*PROMOTION_ROLLED_BACK[^]*--again/,
    );
    expect((await fixture.promote('--again', '--push')).code).toBe(0);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
    // And back once more: the trailer of the first time does not stand in the way.
    expect((await fixture.rollback()).out).toContain('catdog in prod: 1.1.0 → 1.0.0');
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
  });

  it.each<[string, number, readonly string[], RegExp]>([
    ['a version that there never was', 4, ['--to', '1.0.1'], /never had a catdog 1.0.1[^]*Did you mean 1.0.0/],
    ['a higher version', 1, ['--to', '1.2.0'], /1.2.0 is higher[^]*ROLLBACK_REFUSED[^]*pawl promote/],
    ['no version', 2, ['--to', 'last'], /last is no version/],
    ['an unknown environment', 4, ['--env', 'prd'], /Did you mean prod/],
    ['--push and --dry-run', 2, ['--push', '--dry-run'], /--push needs the commit/],
    ['a reason of two lines', 2, ['--reason', 'a\nPawl-Rollback: b'], /one line/],
  ])('%s: exit code %i', async (_, code, flags, message) => {
    const fixture = await promoted(['1.0.0', '1.1.0']);
    const before = await fixture.snapshot();
    const outcome = await fixture.rollback(...flags);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(message);
    expect(await fixture.snapshot()).toEqual(before);
  });

  it('refuses where there is nothing to go back to', async () => {
    const fixture = await promoted(['1.0.0']);
    expect((await fixture.rollback()).err).toMatch(/1.0.0 is the only version that prod ever had[^]*ROLLBACK_NOTHING/);
    expect((await fixture.rollback('--to', '1.0.0')).out).toMatch(/It has 1.0.0: there is nothing to roll back/);
    expect((await fixture.pawl(['rollback', 'catdgo', '--env', 'prod'])).err).toMatch(/Did you mean catdog/);
    await fixture.git('checkout', '--quiet', '--detach');
    expect((await fixture.rollback()).err).toMatch(/HEAD is detached/);
    await fixture.git('switch', '--quiet', 'main');
    await fixture.write(`${ENVIRONMENTS}/prod/values.yaml`, 'a: 1\n');
    expect((await fixture.rollback()).err).toMatch(/prod has uncommitted changes[^]*ROLLBACK_REFUSED/);
  });

  it('says what a shallow clone lacks, and works with enough of the history', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0']);
    await fixture.write('other.txt', 'later\n');
    await fixture.commit('Later');
    await fixture.git('push', '--quiet');
    const shallow = async (depth: number) => {
      const clone = join(fixture.folder, `depth-${depth}`);
      const url = `file://${join(fixture.folder, 'remote.git')}`;
      await fixture.gitIn(fixture.folder, 'clone', '--quiet', '--depth', String(depth), url, clone);
      return clone;
    };
    const [one, three] = [await shallow(1), await shallow(3)];
    const argv = ['rollback', 'catdog', '--env', 'prod'];
    const refused = await fixture.pawl(argv, { clone: one });
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /what brought catdog 1.1.0 to prod is not known[^]*HISTORY_SHALLOW[^]*git fetch --unshallow; .*fetch-depth: 0/,
    );
    expect(await fixture.models('prod', one)).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
    expect((await fixture.pawl(argv, { clone: three })).code).toBe(0);
    expect(await fixture.models('prod', three)).toEqual(['catdog-1.0.0.yaml']);

    // Whether it was rolled back before is what a promotion has to know.
    await fixture.release('1.2.0');
    const clone = await shallow(2);
    const promote = ['promote', 'catdog', '--from', 'staging', '--to', 'prod'];
    expect((await fixture.pawl(promote, { clone })).err).toMatch(/HISTORY_SHALLOW/);
    await fixture.gitIn(clone, 'fetch', '--quiet', '--unshallow');
    expect((await fixture.pawl(promote, { clone })).code).toBe(0);
  });

  it('writes nothing with --dry-run', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0']);
    const before = await fixture.snapshot();
    expect((await fixture.rollback('--dry-run')).out).toMatch(
      /-kind: ModelVersion[^]*\nNothing was written \(--dry-run\).\n$/,
    );
    expect(await fixture.snapshot()).toEqual(before);
  });

  it('leaves everything as it was when the commit is refused', async () => {
    const fixture = await promoted(['1.0.0', '1.1.0', '1.2.0'], '--keep', '2');
    const before = await fixture.snapshot();
    await fixture.hook('pre-commit', 'echo not today >&2; exit 1');
    const { code, err } = await fixture.rollback();
    expect(code).toBe(3);
    expect(err).toMatch(/git commit failed: not today/);
    expect(await fixture.snapshot()).toEqual(before);
    expect(await fixture.models()).toEqual(['catdog-1.1.0.yaml', 'catdog-1.2.0.yaml']);
  });
});
