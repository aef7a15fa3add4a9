import { DOG_SHARE } from './support/load.ts';
import { labelShare, shareOf } from './support/load-report.ts';
import { scenario } from './support/scenario.ts';
import { RATE, prepare } from './support/prepare.ts';

const percent = (share: number) => `${Math.round(share * 100)} %`;

describe('good weights serve', () => {
  const { fixture, offer, first } = prepare({ serves: false });

  scenario(fixture, '1', 'a new environment serves its first version once it is verified and accepted', async (run) => {
    const { env, load } = run;
    const good = await offer('good');
    const served = await env.waitForPhase(good.name, 'Serving');
    await load.setRate(RATE);
    const from = await load.mark();
    await load.answered(100, from);
    const report = await run.report(from);

    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'FirstVersion' });
    expect(served.status?.acceptance).toMatchObject({ total: 16, correct: 16 });
    await env.waitForCondition(good.name, 'Ready');
    expect(Object.keys(report.byDigest)).toEqual([good.digest]);
    expect(labelShare(report, good.digest, 'dog')).toBeCloseTo(DOG_SHARE.usual, 0);
    expect(env.history.phasesOf(good.name)).toEqual(expect.arrayContaining(['Verifying', 'Promoting', 'Serving']));
  });

  scenario(fixture, '2', 'better weights take every step and serve', async (run) => {
    const { env, load, note } = run;
    const before = (await env.stable()).spec.template.metadata?.annotations?.['pawl.dev/digest'] ?? '';
    const better = await offer('better');
    const atStep = async (step: number) => {
      const { status } = await env.waitForStep(better.name, step, 1);
      const from = await load.mark();
      await env.waitUntil(better.name, `beyond step ${step}`, (now) => now.status?.rollout?.step !== step);
      const report = await run.report(from);
      const { canaryPods = 0, stablePods = 0, desiredWeight = 0 } = status?.rollout ?? {};
      note(
        `step ${step}: wanted ${desiredWeight} %, ${canaryPods} of ${canaryPods + stablePods} pods, ` +
          `measured ${percent(shareOf(report, better.digest))} of ${report.ok}`,
      );
      expect(report.byDigest[better.digest]?.requests ?? 0).toBeGreaterThan(0);
      expect(report.byDigest[before]?.requests ?? 0).toBeGreaterThan(0);
    };
    await atStep(1);
    await atStep(2);
    const served = await env.waitForPhase(better.name, 'Serving');
    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    await env.settle();
    expect((await env.version(first)).status?.phase).toBe('Superseded');

    await run.answersOnlyFrom(better.digest);
  });

  scenario(
    fixture,
    '2b',
    'of two candidates the newer one takes over, and the older one is put aside',
    async ({ env }) => {
      const older = await offer('good');
      await env.waitForStep(older.name, 1, 1);
      const newer = await offer('good');
      await env.waitForPhase(newer.name, 'Serving');
      await env.settle();
      expect((await env.version(older.name)).status?.phase).toBe('Superseded');
      expect((await env.version(older.name)).status?.verdict).toBeUndefined();
    },
  );

  scenario(fixture, '9', 'when the version that serves is deleted, the one before it returns at once', async (run) => {
    const { env, note } = run;
    const before = await env.settle();
    const newer = await offer('good');
    await env.waitForPhase(newer.name, 'Serving');
    await env.settle();
    const deletedAt = Date.now();
    await env.delete(newer.name);
    await env.waitForPhase(before.metadata.name, 'Serving');
    await env.settle();
    note(`${Math.round((Date.now() - deletedAt) / 1000)} s until nothing else was left`);
    expect(env.history.phasesOf(before.metadata.name, deletedAt)).not.toContain('Canary');
    await run.answersOnlyFrom(before.spec.artifact.digest);
  });
});
