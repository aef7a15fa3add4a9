import { cleanFolders } from '@pawl/test-kit/bundles';
import { failedFor } from './support/objects.ts';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { ENVIRONMENTS, proved, PromotionFixture } from './support/promotion-fixture.ts';

afterEach(cleanFolders);

const PROMOTE = ['promote', 'catdog', '--from', 'staging', '--to', 'prod'];
const ROLLBACK = ['rollback', 'catdog', '--env', 'prod'];
const BOB = { ...IDENTITY, GIT_AUTHOR_NAME: 'Bob', GIT_COMMITTER_NAME: 'Bob' };

/** Lets another clone do this first, and makes sure that it did. */
const bob =
  (fixture: PromotionFixture, ...argv: readonly string[]) =>
  async (clone: string): Promise<void> => {
    const { code, err } = await fixture.pawl(argv, { clone, env: BOB });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  };

/** Nothing of ours is left: our branch is the remote's. */
async function expectNothingOfOurs(fixture: PromotionFixture): Promise<void> {
  await fixture.git('fetch', '--quiet');
  expect(await fixture.git('rev-parse', 'HEAD')).toBe(await fixture.git('rev-parse', 'origin/main'));
  expect(await fixture.git('status', '--porcelain')).toBe('');
}

/** Promotions and rollbacks that the remote has, newest first, with who made them. */
async function log(fixture: PromotionFixture): Promise<readonly string[]> {
  const text = await fixture.git('log', '--format=%an: %s', 'origin/main', '--', `${ENVIRONMENTS}/prod/models`);
  return text.split('\n').slice(0, -1);
}

describe('two people at once', () => {
  it('both promote the same version: it is promoted once', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.othersPushFirst(bob(fixture, ...PROMOTE));
    const { code, out, err } = await fixture.promote('--push');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/\n {2}Already there: prod has this digest.\n$/);
    expect(await log(fixture)).toEqual(['Bob: Promote catdog 1.0.0 from staging to prod']);
    await expectNothingOfOurs(fixture);
  });

  it('the other promotes a lower version: ours follows it', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    await fixture.othersPushFirst(bob(fixture, ...PROMOTE, '--version', '1.0.0'));
    const { code, out } = await fixture.promote('--push');
    expect(code).toBe(0);
    expect(out).toMatch(/the first one in this environment[^]*minor after 1.0.0/);
    expect(await log(fixture)).toEqual([
      'Ann: Promote catdog 1.1.0 from staging to prod',
      'Bob: Promote catdog 1.0.0 from staging to prod',
    ]);
    expect(await fixture.git('log', '-1', '--format=%b')).toContain('change: minor after 1.0.0');
    await expectNothingOfOurs(fixture);
  });

  it('the other promotes a higher version: ours is refused, and gone', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    await fixture.othersPushFirst(bob(fixture, ...PROMOTE));
    const { code, err } = await fixture.promote('--version', '1.0.0', '--push');
    expect(code).toBe(1);
    expect(err).toMatch(/prod has catdog 1.1.0, which is higher than 1.0.0[^]*PROMOTION_LOWER/);
    expect(await log(fixture)).toEqual(['Bob: Promote catdog 1.1.0 from staging to prod']);
    await expectNothingOfOurs(fixture);
  });

  it('the other releases a newer version to staging: ours stays the one that was asked for', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.othersPushFirst(async (clone) => {
      await fixture.write(
        `${ENVIRONMENTS}/staging/models/catdog-1.1.0.yaml`,
        (await fixture.read(`${ENVIRONMENTS}/staging/models/catdog-1.0.0.yaml`))
          .replaceAll('1.0.0', '1.1.0')
          .replaceAll('1-0-0', '1-1-0'),
        clone,
      );
      await fixture.commit('Release catdog 1.1.0 to staging', clone);
    });
    expect((await fixture.promote('--push')).code).toBe(0);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    expect(await fixture.models('staging')).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
    await expectNothingOfOurs(fixture);
  });

  it('staging fails between our commit and our push: the verdict is read again, and ours is gone', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await fixture.othersPushFirst(async (clone) => {
      await fixture.write('other.txt', 'theirs\n', clone);
      await fixture.commit('Theirs', clone);
    });
    let reads = 0;
    const fake = fixture.cluster;
    const cluster = Object.assign(Object.create(fake) as typeof fake, {
      modelVersion: (name: string) => {
        reads += 1;
        if (reads === 2) fixture.prove('1.0.0', {}, failedFor('ErrorRateHigh', 'one request in ten fails'));
        return fake.modelVersion(name);
      },
    });
    const { code, out, err } = await fixture.pawl([...PROMOTE, '--push'], { cluster });
    expect(code).toBe(1);
    expect(out).toMatch(/✗ {2}phase +Failed, ErrorRateHigh: one request in ten fails/);
    expect(err).toMatch(/is Failed: ErrorRateHigh: one request in ten fails[^]*NOT_SERVING/);
    expect(reads).toBe(2);
    expect(await fixture.subjects('origin/main')).not.toContain('Promote catdog 1.0.0 from staging to prod');
    expect(await fixture.models()).toEqual([]);
    await expectNothingOfOurs(fixture);
  });

  it('both roll back: it goes back once', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0', '1.2.0');
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) await fixture.promote('--version', version, '--push');
    await fixture.othersPushFirst(bob(fixture, ...ROLLBACK));
    const { code, out, err } = await fixture.rollback('--push');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/Already rolled back to 1.1.0 by Bob/);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
    expect((await log(fixture)).filter((line) => line.includes('Revert'))).toHaveLength(1);
    await expectNothingOfOurs(fixture);
  });

  it('the other promotes while we roll back: theirs is not taken back with it', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0', '1.2.0');
    for (const version of ['1.0.0', '1.1.0']) await fixture.promote('--version', version, '--push');
    await fixture.othersPushFirst(bob(fixture, ...PROMOTE));
    for (const flags of [[], ['--to', '1.0.0']]) {
      const fresh = await fixture.git('rev-parse', 'HEAD');
      const { code, err } = await fixture.rollback('--push', ...flags);
      if (flags.length > 0) {
        // Asked again with everything in sight, it does what it is told.
        expect({ code, err }).toEqual({ code: 0, err: '' });
        continue;
      }
      expect(code).toBe(1);
      expect(err).toMatch(/others brought catdog 1.2.0 to prod meanwhile[^]*ROLLBACK_OVERTAKEN[^]*--to 1.0.0/);
      expect(await fixture.git('rev-parse', 'HEAD')).not.toBe(fresh);
      expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml', 'catdog-1.2.0.yaml']);
      await expectNothingOfOurs(fixture);
    }
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    await expectNothingOfOurs(fixture);
  });

  it('the other rolls back while we promote the next one: both happen', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0', '1.2.0');
    for (const version of ['1.0.0', '1.1.0']) await fixture.promote('--version', version, '--push');
    await fixture.othersPushFirst(bob(fixture, ...ROLLBACK));
    const { code } = await fixture.promote('--push');
    expect(code).toBe(0);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.2.0.yaml']);
    expect((await log(fixture)).slice(0, 2)).toEqual([
      'Ann: Promote catdog 1.2.0 from staging to prod',
      'Bob: Revert "Promote catdog 1.1.0 from staging to prod"',
    ]);
    expect(await fixture.git('log', '-1', '--format=%b')).toContain('change: minor after 1.0.0');
    await expectNothingOfOurs(fixture);
  });

  it('the other promotes and rolls back the version that we promote: ours does not bring it again', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    await fixture.promote('--version', '1.0.0', '--push');
    await fixture.othersPushFirst(async (clone) => {
      await bob(fixture, ...PROMOTE)(clone);
      await bob(fixture, ...ROLLBACK)(clone);
    });
    const { code, err } = await fixture.promote('--push');
    expect(code).toBe(1);
    expect(err).toMatch(/1.1.0 was rolled back in prod by Bob[^]*PROMOTION_ROLLED_BACK/);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    await expectNothingOfOurs(fixture);
  });

  it('gives up after four pushes that others won, and leaves nothing', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const other = `${fixture.folder}/other`;
    await fixture.gitIn(fixture.folder, 'clone', '--quiet', 'remote.git', 'other');
    await fixture.hook(
      'pre-push',
      `unset GIT_DIR GIT_INDEX_FILE\ncd '${other}' && git commit --quiet --allow-empty -m More && git push --quiet origin main`,
    );
    const { code, err } = await fixture.pawl([...PROMOTE, '--push']);
    expect(code).toBe(3);
    expect(err).toMatch(/newer commits 4 times in a row; the promotion was not made/);
    expect(await fixture.models()).toEqual([]);
    expect(await fixture.git('status', '--porcelain')).toBe('');
    expect(await fixture.subjects()).not.toContain('Promote catdog 1.0.0 from staging to prod');
  });
});

describe('a push that is cut off', () => {
  /** The remote takes commits again. */
  const repair = (fixture: PromotionFixture) => fixture.git('config', '--unset', 'remote.origin.pushurl');
  const cut = (fixture: PromotionFixture) =>
    fixture.git('remote', 'set-url', '--push', 'origin', 'https://ann:of-a-secret@127.0.0.1:9/x.git');

  it('keeps the commit; the next try pushes it', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await cut(fixture);
    const { code, err, out } = await fixture.promote('--push');
    expect(code).toBe(3);
    expect(err).toMatch(/The commit [0-9a-f]+ is made and not pushed. \[GIT_FAILED\]\nnext: .*the same command again/);
    expect(err + out).not.toContain('of-a-secret');
    await repair(fixture);
    expect((await fixture.promote('--push')).out).toMatch(/Already there[^]*Pushed to origin\/main/);
    expect(await log(fixture)).toEqual(['Ann: Promote catdog 1.0.0 from staging to prod']);
    await expectNothingOfOurs(fixture);
  });

  it('and staging fails before the next try: it is not pushed', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    await cut(fixture);
    await fixture.promote('--push');
    await repair(fixture);
    fixture.prove('1.0.0', {}, failedFor('PredictionsShifted'));
    const { code, err } = await fixture.promote('--push');
    expect(code).toBe(1);
    expect(err).toMatch(
      /is Failed[^]*The commit [0-9a-f]+ promotes it and is not pushed. \[NOT_SERVING\][^]*git revert/,
    );
    expect(await fixture.subjects('origin/main')).not.toContain('Promote catdog 1.0.0 from staging to prod');
    fixture.prove('1.0.0', proved());
    expect((await fixture.promote('--push')).code).toBe(0);
    await expectNothingOfOurs(fixture);
  });

  it('and others promote and roll back before the next try: it brings nothing again', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    await fixture.promote('--version', '1.0.0', '--push');
    await cut(fixture);
    await fixture.promote('--push');
    await repair(fixture);
    const other = `${fixture.folder}/other`;
    await fixture.gitIn(fixture.folder, 'clone', '--quiet', 'remote.git', 'other');
    await bob(fixture, ...PROMOTE, '--push')(other);
    await bob(fixture, ...ROLLBACK, '--push')(other);
    const { code, err } = await fixture.promote('--push');
    expect(code).toBe(1);
    expect(err).toMatch(/PROMOTION_ROLLED_BACK/);
    await fixture.git('fetch', '--quiet');
    expect(await fixture.modelsAt('origin/main')).toEqual(['catdog-1.0.0.yaml']);
  });

  it('of a rollback, and others promote before the next try: theirs stays', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0', '1.2.0');
    for (const version of ['1.0.0', '1.1.0']) await fixture.promote('--version', version, '--push');
    await cut(fixture);
    expect((await fixture.rollback('--push')).code).toBe(3);
    await repair(fixture);
    const other = `${fixture.folder}/other`;
    await fixture.gitIn(fixture.folder, 'clone', '--quiet', 'remote.git', 'other');
    await bob(fixture, ...PROMOTE, '--push')(other);
    expect((await fixture.rollback('--push')).err).toMatch(/ROLLBACK_OVERTAKEN/);
    await fixture.git('fetch', '--quiet');
    expect(await fixture.modelsAt('origin/main')).toContain('catdog-1.2.0.yaml');
  });
});
