import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { cleanFolders } from '@pawl/test-kit/bundles';
import { CliError } from '../src/errors/cli-error.ts';
import { withMetadata } from '@pawl/test-kit/model-versions';
import { aCondition, ago, failedFor } from './support/objects.ts';
import { ENVIRONMENTS, proved, PromotionFixture } from './support/promotion-fixture.ts';

afterEach(cleanFolders);

describe('pawl promote MODEL --from --to', () => {
  it('shows the evidence and the change, and commits the same bytes with both', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    await writeFile(join(fixture.clone, 'other.txt'), 'work in progress\n');
    const { code, out, err, connected } = await fixture.promote();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(connected).toMatchObject([{ namespace: 'pawl-staging' }]);
    const { uri, digest } = fixture.published('1.1.0');
    expect(out).toMatch(
      /^catdog 1.1.0: staging → prod\n {2}✓ {2}digest +sha256:[0-9a-f]{12} in staging, as in Git\n {2}✓ {2}observed +now\n/,
    );
    expect(out).toMatch(
      /✓ {2}serving +for 2h of 60m asked for\n {2}✓ {2}health +its stable pods are well\n {2}✓ {2}acceptance +16\/16 right, 16 required\n/,
    );
    expect(out).toMatch(/✓ {2}analysis +step 2: ErrorRate Pass, Latency Pass\n/);
    expect(out).toContain(`+++ b/${ENVIRONMENTS}/prod/models/catdog-1.1.0.yaml\n`);
    expect(out).toMatch(
      /\nCommitted [0-9a-f]{7,} on main: Promote catdog 1.1.0 from staging to prod\nnext: git push\n$/,
    );
    expect(await fixture.read(`${ENVIRONMENTS}/prod/models/catdog-1.1.0.yaml`)).toBe(
      await fixture.read(`${ENVIRONMENTS}/staging/models/catdog-1.1.0.yaml`),
    );
    expect(await fixture.git('log', '-1', '--format=%B')).toBe(
      [
        'Promote catdog 1.1.0 from staging to prod',
        '',
        'change: the first version in this environment',
        `digest: ${digest}`,
        `artifact: ${uri}`,
        '',
        'proved in staging:',
        `  digest: ${digest.slice(0, 19)} in staging, as in Git`,
        '  observed: now',
        '  offered: not suspended, not being deleted',
        '  status: of generation 1, the newest',
        '  phase: Serving',
        '  serving: for 2h of 60m asked for',
        '  health: its stable pods are well',
        '  acceptance: 16/16 right, 16 required',
        '  analysis: step 2: ErrorRate Pass, Latency Pass',
        '',
        `Pawl-Promotion: catdog 1.1.0 ${digest} staging -> prod`,
      ].join('\n'),
    );
    expect(await fixture.git('log', '-1', '--format=%(trailers:key=Pawl-Promotion,valueonly)')).toBe(
      `catdog 1.1.0 ${digest} staging -> prod`,
    );
    expect(await fixture.git('show', '--format=', '--name-status')).toBe(
      `A\t${ENVIRONMENTS}/prod/models/catdog-1.1.0.yaml`,
    );
    expect(await fixture.git('status', '--porcelain')).toBe('M other.txt');
  });

  it('is a success that changes nothing when it is there, and pushes what was not pushed', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    expect((await fixture.promote()).code).toBe(0);
    const head = await fixture.git('rev-parse', 'HEAD');
    const again = await fixture.promote();
    expect(again).toMatchObject({ code: 0, err: '', connected: [] });
    expect(again.out).toBe('catdog 1.0.0: staging → prod\n  Already there: prod has this digest.\n');
    const pushed = await fixture.promote('--push');
    expect(pushed.out).toMatch(/Already there[^]*\nPushed to origin\/main.\n$/);
    expect(await fixture.git('rev-parse', 'origin/main', 'HEAD')).toBe(`${head}\n${head}`);
    expect((await fixture.promote('--push')).out).not.toContain('Pushed');
  });

  it('promotes the version that is named, and names what there is', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0');
    expect((await fixture.promote('--version', '1.0.0', '--message', 'First')).code).toBe(0);
    expect(await fixture.subjects()).toContain('First');
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
    expect(await fixture.promote('--version', '1.2.0')).toMatchObject({
      code: 4,
      err: 'error: staging has no catdog 1.2.0. [NOT_RELEASED]\nnext:  It has: 1.1.0, 1.0.0.\n',
    });
    expect((await fixture.pawl(['promote', 'catdgo', '--from', 'staging', '--to', 'prod'])).err).toMatch(
      /staging has no version of catdgo. \[NOT_RELEASED\]\nnext: {2}Did you mean catdog\?/,
    );
  });

  it('writes nothing with --dry-run, also where HEAD is detached', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const before = await fixture.snapshot();
    const { code, out } = await fixture.promote('--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/16\/16[^]*\+kind: ModelVersion[^]*\nNothing was written \(--dry-run\).\n$/);
    expect(await fixture.snapshot()).toEqual(before);
    await fixture.git('checkout', '--quiet', '--detach');
    expect((await fixture.promote('--dry-run')).code).toBe(0);
    const refused = await fixture.promote();
    expect(refused.code).toBe(3);
    expect(refused.err).toMatch(/HEAD is detached[^]*--branch/);
    expect(await fixture.models()).toEqual([]);
  });

  it.each<[string, string, (fixture: PromotionFixture) => void | Promise<void>, readonly string[], RegExp]>([
    [
      'failed there',
      'NOT_SERVING',
      (fixture) => {
        fixture.prove('1.0.0', {}, failedFor('AcceptanceFailed', '12 of 16 images were answered with their label'));
      },
      [],
      /catdog 1.0.0 in staging is Failed: AcceptanceFailed: 12 of 16 images[^]*pawl explain catdog-1-0-0/,
    ],
    [
      'serves too short',
      'NOT_SERVING_LONG',
      (fixture) => {
        const ready = { ...aCondition('Ready', 'True', 'Serving'), lastTransitionTime: ago(600) };
        fixture.prove('1.0.0', proved({ conditions: [ready] }));
      },
      [],
      /has served for 10m; prod asks for 60m[^]*in 50m; --serving-for/,
    ],
    [
      'was promoted by hand there',
      'NOT_ANALYSED',
      (fixture) => {
        const verdict = { outcome: 'Passed', reason: 'PromotedByHand', message: '', at: ago(9) } as const;
        fixture.prove('1.0.0', proved({ verdict }));
      },
      [],
      /its remaining steps in staging were skipped by hand[^]*--without-analysis/,
    ],
    [
      'is being deleted',
      'VERSION_DELETED',
      (fixture) => {
        fixture.prove('1.0.0', proved(), withMetadata({ deletionTimestamp: ago(1) }));
      },
      [],
      /is being deleted/,
    ],
    [
      'is not in the cluster',
      'VERDICT_NOT_FOUND',
      (fixture) => {
        fixture.cluster.versions = [];
      },
      [],
      /cluster.example.*namespace pawl-staging has no ModelVersion catdog-1-0-0/,
    ],
    [
      'cannot be asked for',
      'CLUSTER_UNREACHABLE',
      (fixture) => {
        fixture.cluster.troubles.push(new CliError('CLUSTER_UNREACHABLE', 'cannot reach it', 'Try later.'));
      },
      [],
      /cannot reach it/,
    ],
    [
      'comes the wrong way',
      'PROMOTION_WAY',
      async (fixture) => {
        await fixture.write(`${ENVIRONMENTS}/prod/environment.yaml`, 'promotion: {from: qa}\n');
        await fixture.commit('Another way');
      },
      [],
      /prod takes versions from qa, and staging was named/,
    ],
    [
      'a demand that is misspelt',
      'PROMOTION_REFUSED',
      async (fixture) => {
        await fixture.write(`${ENVIRONMENTS}/prod/environment.yaml`, 'promotion: {servingMinute: 60}\n');
        await fixture.commit('Misspelt');
      },
      [],
      /prod\/environment.yaml is not valid: promotion/,
    ],
    [
      'uncommitted changes',
      'PROMOTION_REFUSED',
      (fixture) => fixture.write(`${ENVIRONMENTS}/staging/values.yaml`, 'a: 1\n'),
      [],
      /staging has uncommitted changes/,
    ],
  ])('refuses what %s: %s', async (_, code, arrange, flags, message) => {
    const fixture = await PromotionFixture.make('1.0.0');
    await arrange(fixture);
    const before = await fixture.snapshot();
    const { code: exit, err } = await fixture.promote(...flags);
    expect(exit).toBeGreaterThan(0);
    expect(err).toContain(`[${code}]`);
    expect(err).toMatch(message);
    expect(err).toMatch(/\nnext: {2}\S/);
    expect(await fixture.snapshot()).toEqual(before);
    expect(await fixture.models()).toEqual([]);
  });

  it('takes responsibility for what was not analysed, and says so in the commit', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const verdict = { outcome: 'Passed', reason: 'PromotedByHand', message: '', at: ago(9) } as const;
    fixture.prove('1.0.0', proved({ verdict }));
    const { code, out } = await fixture.promote('--without-analysis');
    expect(code).toBe(0);
    expect(out).toMatch(/– {2}analysis +promoted without: its remaining steps in staging were skipped by hand\n/);
    expect(await fixture.git('log', '-1', '--format=%(trailers:key=Pawl-Without-Analysis,valueonly)')).toBe(
      'its remaining steps in staging were skipped by hand',
    );
  });

  it("asks for the keys of the environment that takes it, and of the model's own values", async () => {
    const fixture = await PromotionFixture.make();
    const [ci, releaseKey] = [generateSigningKeyPair(), generateSigningKeyPair()];
    await fixture.release('1.0.0', { privateKeyPem: ci.privateKeyPem });
    const values = (key: string) => JSON.stringify({ publicKey: key });
    await fixture.write(`${ENVIRONMENTS}/prod/values.yaml`, values(releaseKey.publicKeyPem));
    await fixture.commit('Release key');
    expect((await fixture.promote()).err).toContain('[BUNDLE_SIGNATURE_INVALID]');
    expect(await fixture.models()).toEqual([]);
    await fixture.write(`${ENVIRONMENTS}/prod/catdog/values.yaml`, values(ci.publicKeyPem));
    await fixture.commit('Key of the model');
    expect((await fixture.promote()).out).toMatch(/signature +✓ by the key of the environment/);
  });

  it('compares the digest with Git, not only the number', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const { spec, ...rest } = fixture.proof('1.0.0');
    const artifact = { ...spec.artifact, digest: `sha256:${'0'.repeat(64)}` };
    fixture.cluster.versions = [{ ...rest, spec: { ...spec, artifact } }];
    expect((await fixture.promote()).err).toMatch(/has the digest sha256:0+, and Git says sha256:[^]*DIGEST_DIFFERS/);
  });

  it('keeps as many versions as it was told, and compares with the one before', async () => {
    const fixture = await PromotionFixture.make('1.0.0', '1.1.0', '1.2.0');
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) await fixture.promote('--version', version, '--keep', '2');
    expect(await fixture.models()).toEqual(['catdog-1.1.0.yaml', 'catdog-1.2.0.yaml']);
    expect(await fixture.git('log', '-1', '--format=%b')).toMatch(/^change: minor after 1.1.0[^]*\nremoved: 1.0.0\n/);
    expect((await fixture.promote('--version', '1.0.0')).err).toMatch(
      /prod has catdog 1.2.0, which is higher than 1.0.0[^]*PROMOTION_LOWER[^]*pawl rollback catdog --env prod/,
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    ['one environment alone', ['--from', 'staging'], /needs --from and --to/],
    ['the same twice', ['--from', 'staging', '--to', 'staging'], /cannot be promoted to itself/],
    ['--push and --dry-run', ['--from', 'staging', '--to', 'prod', '--push', '--dry-run'], /--push needs the commit/],
    ['--wait with environments', ['--from', 'staging', '--to', 'prod', '--wait'], /--wait means nothing with --from/],
    ['--dry-run without', ['--dry-run'], /--dry-run needs --from and --to/],
  ])('%s: a usage error', async (_, flags, message) => {
    const fixture = await PromotionFixture.make();
    const outcome = await fixture.pawl(['promote', 'catdog', ...flags]);
    expect(outcome).toMatchObject({ code: 2, out: '' });
    expect(outcome.err).toMatch(message);
  });

  it('says what it is, and what skips the steps of a canary', async () => {
    const fixture = await PromotionFixture.make();
    const { code, out } = await fixture.pawl(['promote', '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /From one environment to the next:\n[^]*--from <env>[^]*Within one environment[^]*pawl rollout promote NAME/,
    );
  });
});
