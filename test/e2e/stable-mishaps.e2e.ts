import { labels } from '@pawl/shared/modelversion/names';
import { exhaust, freeze } from './support/crash.ts';
import { evictStable } from './support/evict.ts';
import { kubectl, pathOf } from './support/cluster.ts';
import { pawl } from './support/pawl.ts';
import { prepare } from './support/prepare.ts';
import { type Run, scenario } from './support/scenario.ts';
import { waitFor } from './support/wait.ts';

/** Makes the Node program end as it starts, whatever weights it has. */
const BROKEN = 'NODE_OPTIONS=--import=/nowhere.mjs';
const MENDED = 'NODE_OPTIONS-';

describe('the stable pods have a mishap in the middle of a rollout', () => {
  // The first step lasts until somebody ends it: what a mishap may not do is end it.
  const steps = [
    { weight: 25, holdSeconds: 3600 },
    { weight: 50, holdSeconds: 2 },
  ];
  const { fixture, offer } = prepare({ policy: { canary: { steps } } });

  scenario(
    fixture,
    '15a',
    'no mishap of the stable pods promotes a version that was not proved: killed, scaled to 0, evicted, made again, frozen',
    async (run) => {
      const { env, since } = run;
      const reasons = ['StableNotReady', 'StableMissing'];
      const { name } = await offer('good');
      await env.waitForStep(name, 1, 1);
      const gone = async (mishap: string, act: () => Promise<unknown>, back?: () => Promise<unknown>) => {
        const from = Date.now();
        await act();
        await waitFor(`the rollout to hold while the stable pods are ${mishap}`, () =>
          Promise.resolve(reasons.some((reason) => env.history.had(name, reason, from)) || undefined),
        );
        await back?.();
        await goesOn(run, name);
      };
      await gone('killed', () => killAll(run));
      await gone(
        'scaled to 0',
        () => env.scale(0),
        () => env.scale(1),
      );
      await gone('evicted, the only one there was', () => evictStable(env));
      const { metadata } = await env.stable();
      await gone(
        'away with their Deployment',
        () => kubectl('delete', 'deployment', metadata.name, '-n', env.namespace, '--wait=true'),
        () => env.upgrade(),
      );
      const frozen = await env.pods('stable');
      await Promise.all(frozen.map((pod) => freeze(env.namespace, pod.metadata.name, 8)));
      await goesOn(run, name);

      expect(new Set(env.history.phasesOf(name, since))).not.toContain('Promoting');
      expect(new Set(env.history.phasesOf(name, since))).not.toContain('Serving');
      expect((await env.version(name)).status?.verdict).toBeUndefined();
      await env.act(name, 'abort');
      await env.waitForFailure(name, 'Aborted');
    },
    { loses: true },
  );

  scenario(fixture, '15b', 'a restart and a pause of the stable pods in a step cost nothing', async (run) => {
    const { env } = run;
    const { name, digest } = await offer('good');
    await env.waitForStep(name, 1, 1);
    const deployment = `deployment/${(await env.stable()).metadata.name}`;
    await kubectl('rollout', 'restart', deployment, '-n', env.namespace);
    await kubectl('rollout', 'status', deployment, '-n', env.namespace, '--timeout=120s');
    await env.waitForStep(name, 1, 1);
    await kubectl('rollout', 'pause', deployment, '-n', env.namespace);
    await env.act(name, 'promote');
    const paused = await env.waitUntil(name, 'held up by the pause', ({ status }) =>
      /paused/.test(status?.message ?? ''),
    );
    expect(paused.status?.phase).toBe('Promoting');
    await kubectl('rollout', 'resume', deployment, '-n', env.namespace);
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
  });

  scenario(
    fixture,
    '15e',
    'a canary that runs out of memory where the stable pods do too is no verdict on the weights',
    async (run) => {
      const { env, load, since } = run;
      const { name } = await offer('good');
      await env.waitForStep(name, 1, 1);
      const pods = await env.pods();
      await Promise.all(
        pods
          .filter(({ metadata }) => metadata.labels?.[labels.track] !== undefined)
          .map(({ metadata }) => exhaust(env.namespace, metadata.name)),
      );
      await waitFor('the kernel to end them', async () =>
        (await env.pods('canary')).every((pod) => (pod.status.containerStatuses?.[0]?.restartCount ?? 0) > 0)
          ? true
          : undefined,
      );
      await goesOn(run, name);
      await load.answered(20, await load.mark());
      expect(env.history.phasesOf(name, since)).not.toContain('Failed');
      await env.act(name, 'abort');
      await env.waitForFailure(name, 'Aborted');
    },
    { loses: true },
  );

  scenario(fixture, '15c', 'a stable Deployment that broke is told, and what serves goes on serving', async (run) => {
    const { env, note } = run;
    const before = await env.settle();
    const { name } = before.metadata;
    const deployment = `deployment/${(await env.stable()).metadata.name}`;
    await kubectl('set', 'env', deployment, BROKEN, '-n', env.namespace);
    try {
      const broken = await env.waitUntil(
        name,
        'Degraded',
        ({ status }) =>
          status?.conditions.some(({ type, status: is }) => type === 'Degraded' && is === 'True') === true,
      );
      expect(broken.status?.phase).toBe('Serving');
      note(broken.status?.conditions.find(({ type }) => type === 'Degraded')?.message ?? '');
      const explained = await pawl('explain', name, '-n', env.namespace);
      expect(explained).not.toMatch(/nothing is needed/i);
      expect(explained).toContain('stable pods are ready');
    } finally {
      await kubectl('set', 'env', deployment, MENDED, '-n', env.namespace);
    }
    await env.waitUntil(name, 'well again', ({ status }) =>
      (status?.conditions ?? []).every(({ type }) => type !== 'Degraded'),
    );
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
  });

  scenario(
    fixture,
    '15d',
    'an upgrade of the controller restarts no pod of the model and judges nothing anew',
    async (run) => {
      const { env } = run;
      await env.settle();
      const uids = async () => (await env.pods()).map(({ metadata }) => metadata.uid).toSorted();
      const before = await uids();
      const { status } = (await env.versions()).find((version) => version.status?.phase === 'Serving') ?? {};
      const controllers = new Set((await env.controllerPods()).map(({ metadata }) => metadata.uid));
      await env.upgrade({ controller: { podAnnotations: { 'example.com/release': 'next' } } });
      await waitFor('the next controller', async () =>
        (await env.controllerPods()).every(({ metadata }) => !controllers.has(metadata.uid)) ? true : undefined,
      );
      await env.leader();
      // It has looked when it acts on something that comes after it.
      const { name } = await offer('good', { suspend: true });
      await env.waitForPhase(name, 'Suspended');
      await env.settle();
      expect(await uids()).toEqual(before);
      const after = (await env.versions()).find((version) => version.status?.phase === 'Serving');
      expect(after?.status?.verdict).toEqual(status?.verdict);
      expect(after?.status?.acceptance).toEqual(status?.acceptance);
    },
  );
});

/** The step goes on where it was, with stable pods beside the canary's. */
async function goesOn({ env }: Run, name: string): Promise<void> {
  await env.waitUntil(
    name,
    'at step 1 again, beside stable pods',
    ({ status }) =>
      status?.phase === 'Canary' &&
      status.rollout?.step === 1 &&
      status.rollout.stablePods > 0 &&
      status.rollout.canaryPods > 0 &&
      status.conditions.some(({ type, reason }) => type === 'Progressing' && reason.startsWith('Step')),
  );
}

/** All stable pods at once, without a chance to say goodbye. */
async function killAll({ env }: Run): Promise<void> {
  const pods = await env.pods('stable');
  await Promise.all(
    pods.map(({ metadata }) =>
      env.cluster.delete(pathOf.pods(env.namespace, metadata.name), { gracePeriodSeconds: 0 }),
    ),
  );
}
