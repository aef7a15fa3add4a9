import { kubectl } from './support/cluster.ts';
import { fastPolicy } from './support/release-values.ts';
import { scenario, type Run } from './support/scenario.ts';
import { type Offered, RATE, prepare } from './support/prepare.ts';

describe('bad weights are refused', () => {
  const { fixture, offer } = prepare();

  scenario(fixture, '3', 'healthy weights with swapped labels fail acceptance and never answer a user', async (run) => {
    const swapped = await offer('swapped');
    const failed = await run.env.waitForFailure(swapped.name, 'AcceptanceFailed');
    run.note(`${failed.status?.acceptance?.correct ?? '?'} of 16 images right`);
    expect(failed.status?.acceptance).toMatchObject({ total: 16, correct: 0 });
    expect(failed.status?.acceptance?.mistakes.length).toBe(10);
    await noAnswersFrom(run, swapped);
  });

  scenario(fixture, '4', 'subtly wrong weights pass acceptance and fail by the shift of their answers', async (run) => {
    const subtle = await offer('subtle');
    const failed = await run.env.waitForFailure(subtle.name, 'PredictionsShifted');
    expect(failed.status?.acceptance).toMatchObject({ total: 16, correct: 16 });
    const check = failed.status?.analysis?.checks.find(({ name }) => name === 'Predictions');
    expect(check).toMatchObject({ verdict: 'Fail' });
    run.note(`shift ${check?.canary?.toFixed(2) ?? '?'}, limit ${check?.limit?.toFixed(2) ?? '?'}`);
    await trafficLeft(run, subtle);
  });

  scenario(fixture, '5', 'slow weights fail by their p95 latency', async (run) => {
    // One pod of them could not answer its share of the usual rate, and overload is another thing.
    await run.load.setRate(4);
    await run.env.upgrade({ rollout: { analysis: { p95FloorSeconds: 0.1 } } });
    try {
      await renewStable(run);
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

  scenario(fixture, '6a', 'weights that crash their pod fail before they answer a user', async (run) => {
    const crashing = await offer('crashing');
    const failed = await run.env.waitForFailure(crashing.name, 'CanaryCrashed');
    run.note(failed.status?.verdict?.message ?? '');
    await noAnswersFrom(run, crashing);
  });

  scenario(fixture, '6b', 'weights whose pod never becomes ready fail before they answer a user', async (run) => {
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

  scenario(
    fixture,
    '6c',
    'weights that the stable pods cannot take fail in their promotion, and the ones before go on serving',
    async (run) => {
      const { env } = run;
      const before = await env.settle();
      await env.upgrade({ rollout: { promotion: { readyTimeoutSeconds: 15 } } });
      const deployment = `deployment/${(await env.stable()).metadata.name}`;
      const setEnv = (change: string) =>
        kubectl('set', 'env', deployment, '-c', 'inference', change, '-n', env.namespace);
      try {
        const { name } = await offer('good');
        // The canary passed: now something of the stable pods alone is wrong.
        await env.waitForPhase(name, 'Promoting');
        await setEnv('NODE_OPTIONS=--import=/nowhere.mjs');
        const failed = await env.waitForFailure(name, 'PromotionFailed');
        run.note(failed.status?.verdict?.message ?? '');
        // The weights of before come back into the same trouble: they wait for its end, and are not failed for it.
        const why = /the others do not become ready/;
        await env.waitUntil(before.metadata.name, 'held up', ({ status }) => why.test(status?.message ?? ''));
      } finally {
        await setEnv('NODE_OPTIONS-');
        // The default.
        await env.upgrade({ rollout: { promotion: { readyTimeoutSeconds: 600 } } });
      }
      await env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
    },
  );
});

/**
 * New stable pods, which have answered requests of now alone. The limit of latency is taken from all that stable pods ever
 * counted: what a busy machine made of the scenarios before would excuse slow weights, which then neither pass nor fail.
 */
async function renewStable({ env, load }: Run): Promise<void> {
  await kubectl('rollout', 'restart', `deployment/${(await env.stable()).metadata.name}`, '-n', env.namespace);
  await env.settle();
  await load.answered(100, await load.mark());
}

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
