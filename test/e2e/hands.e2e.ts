import { pathOf } from './support/cluster.ts';
import { shareOf } from './support/load-report.ts';
import { type Run, scenario } from './support/scenario.ts';
import { stage } from './support/stage.ts';
import { waitFor } from './support/wait.ts';

const STEPS = [1, 2];

describe('people and other programs take part', () => {
  const { scene, offer, publish } = stage();

  scenario(scene, '8a', 'an aborted version leaves at every step, and comes back when it is retried', async (run) => {
    const { env } = run;
    const before = await env.settle();
    const { name, digest } = await offer('good');
    for (const step of STEPS) {
      await env.waitForStep(name, step, 1);
      await env.act(name, 'abort');
      await env.waitForFailure(name, 'Aborted');
      await env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
      await env.act(name, 'retry');
    }
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
    const { verdict, handled } = (await env.version(name)).status ?? {};
    expect(verdict).toMatchObject({ outcome: 'Passed' });
    expect(Object.keys(handled ?? {})).toEqual(expect.arrayContaining(['abort', 'retry']));
  });

  scenario(scene, '8b', 'a suspended version holds wherever it is and goes on when it is resumed', async (run) => {
    const { env, load, note } = run;
    const { name, digest } = await offer('good', { suspend: true });
    await env.waitForPhase(name, 'Suspended');
    await load.answered(30, await load.mark());
    expect((await run.report()).byDigest[digest]).toBeUndefined();
    await env.suspend(name, false);
    for (const step of STEPS) {
      await env.waitForStep(name, step, 1);
      await env.suspend(name, true);
      await env.waitForPhase(name, 'Suspended');
      const from = await load.mark();
      // Longer than the step would last: without the suspension it would be over.
      await load.answered(150, from);
      const { status } = await env.version(name);
      expect(status?.phase).toBe('Suspended');
      expect(status?.rollout?.step).toBe(step);
      const share = shareOf(await run.report(from), digest);
      note(`held at step ${step} with ${Math.round(share * 100)} % of the requests`);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
      await env.suspend(name, false);
    }
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
  });

  scenario(scene, '8c', 'a version that is promoted by hand skips the steps that are left', async ({ env }) => {
    const { name } = await offer('good');
    await env.waitForStep(name, 1);
    await env.act(name, 'promote');
    const served = await env.waitForPhase(name, 'Serving');
    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'PromotedByHand' });
  });

  scenario(scene, '8d', 'promotion by hand does not spare wrong weights their acceptance', async ({ env }) => {
    const { name } = await offer('swapped', { suspend: true });
    await env.waitForPhase(name, 'Suspended');
    await env.act(name, 'promote');
    await env.suspend(name, false);
    await env.waitForFailure(name, 'AcceptanceFailed');
  });

  scenario(scene, '8e', 'a version that is deleted in the middle of its rollout leaves nothing behind', async (run) => {
    const { env } = run;
    for (const step of STEPS) {
      const before = await env.settle();
      const { name } = await offer('good');
      await env.waitForStep(name, step, 1);
      await env.delete(name);
      await env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
    }
  });

  scenario(scene, '10', 'the stable pods are scaled up and down in the middle of a rollout', async (run) => {
    const { env, load, note } = run;
    const { name, digest } = await offer('good');
    const seen: string[] = [];
    const scaleTo = async (replicas: number) => {
      await env.scale(replicas);
      await env.waitUntil(
        name,
        `told of ${replicas} stable pods`,
        ({ status }) => status?.phase !== 'Canary' || status.rollout?.stablePods === replicas,
      );
      seen.push(String(replicas));
      await load.answered(20, await load.mark());
    };
    await env.waitForStep(name, 1, 1);
    await scaleTo(4);
    await scaleTo(3);
    await env.waitForPhase(name, 'Promoting');
    // In the middle of the replacement of pods, as an autoscaler does that knows nothing of it.
    await env.scale(4);
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    expect((await env.stable()).spec.replicas).toBe(4);
    expect((await env.pods('stable')).length).toBe(4);
    await env.scale(2);
    await env.settle();
    await run.answersOnlyFrom(digest);
    note(`2 -> ${seen.join(' -> ')} -> 4 (while promoting) -> 2 pods`);
  });

  scenario(scene, '11', 'helm upgrade with another pod template in the middle of a rollout', async (run) => {
    const { env, note } = run;
    const { name, digest } = await offer('good');
    const accepted = (await env.waitForStep(name, 1, 1)).status?.acceptance;
    const before = await digestOfStable(run);
    await env.upgrade({ podAnnotations: { 'example.com/image-of': 'today' } });
    expect(await digestOfStable(run)).toBe(before);
    const anew = await env.waitUntil(
      name,
      'accepted anew with the new pod template',
      ({ status }) => status?.acceptance !== undefined && status.acceptance.template !== accepted?.template,
    );
    expect(anew.status?.acceptance?.correct).toBe(16);
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
    const annotations = (await env.pods('stable')).map(
      ({ metadata }) => metadata.annotations?.['example.com/image-of'],
    );
    expect(new Set(annotations)).toEqual(new Set(['today']));
    note('the digest of the stable pods survived the upgrade');
  });

  scenario(scene, '11b', 'helm upgrade and helm rollback of an environment at rest change no weights', async (run) => {
    const { env } = run;
    const before = await env.settle();
    await env.upgrade({ podAnnotations: { 'example.com/image-of': 'tomorrow' } });
    await env.settle();
    await env.rollback();
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
    expect((await env.pods('stable'))[0]?.metadata.annotations?.['example.com/image-of']).not.toBe('tomorrow');
  });

  scenario(scene, '11c', 'a drained stable pod in the middle of a rollout costs no request', async (run) => {
    const { env } = run;
    const { name } = await offer('good');
    await env.waitForStep(name, 1, 1);
    // What `kubectl drain` does, which also comes back as long as the PodDisruptionBudget says no.
    await waitFor('the eviction of a stable pod', async () => {
      const [pod] = await env.pods('stable');
      return await env.cluster.post(`${pathOf.pods(env.namespace, pod?.metadata.name)}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: pod?.metadata.name, namespace: env.namespace },
      });
    });
    await env.waitForPhase(name, 'Serving');
  });

  scenario(scene, '8f', 'of two objects with one version number the younger one waits', async (run) => {
    const { env } = run;
    const before = await env.settle();
    const another = await publish('better');
    const name = await env.offer({ ...another, version: before.spec.version }, { name: 'same-number' });
    await env.waitUntil(
      name,
      'told apart',
      ({ status }) =>
        status?.conditions.some(({ type, reason }) => type === 'Stalled' && reason === 'DuplicateVersion') === true,
    );
    await run.answersOnlyFrom(before.spec.artifact.digest);
    await env.delete(name);
  });
});

const digestOfStable = async ({ env }: Run) =>
  (await env.stable()).spec.template.metadata.annotations?.['pawl.dev/digest'];
