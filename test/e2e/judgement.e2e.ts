import { fastPolicy } from './support/release-values.ts';
import { DOG_SHARE } from './support/load.ts';
import { labelShare, shareOf } from './support/load-report.ts';
import { scenario, type Run } from './support/scenario.ts';
import { type Offered, RATE, stage } from './support/stage.ts';

const percent = (share: number) => `${Math.round(share * 100)} %`;

describe('weights are judged', () => {
  const { scene, offer, first } = stage({ serves: false });

  scenario(scene, '1', 'a new environment serves its first version once it is verified and accepted', async (run) => {
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

  scenario(scene, '2', 'better weights take every step and serve', async (run) => {
    const { env, load, note } = run;
    const before = (await env.stable()).spec.template.metadata.annotations?.['pawl.dev/digest'] ?? '';
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
    scene,
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

  scenario(scene, '3', 'healthy weights with swapped labels fail acceptance and never answer a user', async (run) => {
    const swapped = await offer('swapped');
    const failed = await run.env.waitForFailure(swapped.name, 'AcceptanceFailed');
    run.note(`${failed.status?.acceptance?.correct ?? '?'} of 16 images right`);
    expect(failed.status?.acceptance).toMatchObject({ total: 16, correct: 0 });
    expect(failed.status?.acceptance?.mistakes.length).toBe(10);
    await noAnswersFrom(run, swapped);
  });

  scenario(scene, '4', 'subtly wrong weights pass acceptance and fail by the shift of their answers', async (run) => {
    const subtle = await offer('subtle');
    const failed = await run.env.waitForFailure(subtle.name, 'PredictionsShifted');
    expect(failed.status?.acceptance).toMatchObject({ total: 16, correct: 16 });
    const check = failed.status?.analysis?.checks.find(({ name }) => name === 'Predictions');
    expect(check).toMatchObject({ verdict: 'Fail' });
    run.note(`shift ${check?.canary?.toFixed(2) ?? '?'}, limit ${check?.limit?.toFixed(2) ?? '?'}`);
    await trafficLeft(run, subtle);
  });

  scenario(scene, '5', 'slow weights fail by their p95 latency', async (run) => {
    // One pod of them could not answer its share of the usual rate, and overload is another thing.
    await run.load.setRate(4);
    await run.env.upgrade({ rollout: { analysis: { p95FloorSeconds: 0.2 } } });
    try {
      const slow = await offer('slow');
      const failed = await run.env.waitForFailure(slow.name, 'LatencyHigh');
      const check = failed.status?.analysis?.checks.find(({ name }) => name === 'Latency');
      expect(check).toMatchObject({ verdict: 'Fail' });
      run.note(`p95 ${check?.canary?.toFixed(2) ?? '?'} s, stable ${check?.stable?.toFixed(2) ?? '?'} s`);
      await trafficLeft(run, slow);
    } finally {
      await run.load.setRate(RATE);
      await run.env.upgrade({ rollout: { analysis: { p95FloorSeconds: fastPolicy.analysis.p95FloorSeconds } } });
    }
  });

  scenario(scene, '6a', 'weights that crash their pod fail before they answer a user', async (run) => {
    const crashing = await offer('crashing');
    const failed = await run.env.waitForFailure(crashing.name, 'CanaryCrashed');
    run.note(failed.status?.verdict?.message ?? '');
    await noAnswersFrom(run, crashing);
  });

  scenario(scene, '6b', 'weights whose pod never becomes ready fail before they answer a user', async (run) => {
    const { readyTimeoutSeconds } = fastPolicy.canary;
    await run.env.upgrade({ rollout: { canary: { readyTimeoutSeconds: 15 } } });
    try {
      const neverReady = await offer('neverReady');
      const failed = await run.env.waitForFailure(neverReady.name, 'CanaryNotReady');
      run.note(failed.status?.verdict?.message ?? '');
      await noAnswersFrom(run, neverReady);
    } finally {
      await run.env.upgrade({ rollout: { canary: { readyTimeoutSeconds } } });
    }
  });

  scenario(scene, '9', 'when the version that serves is deleted, the one before it returns at once', async (run) => {
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

/** A version that failed before its steps: no user ever met it, and it is not tried again. */
async function noAnswersFrom(run: Run, bad: Offered): Promise<void> {
  const serving = await run.env.settle();
  await run.answersOnlyFrom(serving.spec.artifact.digest);
  expect((await run.report()).byDigest[bad.digest]).toBeUndefined();
  expect((await run.env.version(bad.name)).status?.phase).toBe('Failed');
  expect(run.env.history.entries.filter(({ name, weight }) => name === bad.name && weight > 0)).toEqual([]);
}

/** A version that failed in a step: its traffic has gone, and it is not tried again. */
async function trafficLeft(run: Run, bad: Offered): Promise<void> {
  const { status } = await run.env.version(bad.name);
  const serving = await run.env.settle();
  await run.answersOnlyFrom(serving.spec.artifact.digest);
  const met = (await run.report()).byDigest[bad.digest];
  expect(met?.requests ?? 0).toBeGreaterThan(0);
  expect((await run.env.version(bad.name)).status?.phase).toBe('Failed');
  const afterVerdict = (met?.last ?? 0) - run.load.at(Date.parse(status?.verdict?.at ?? ''));
  run.note(
    `${met?.requests ?? 0} requests met it, the last one ${(Math.max(0, afterVerdict) / 1000).toFixed(1)} s after the verdict`,
  );
}
