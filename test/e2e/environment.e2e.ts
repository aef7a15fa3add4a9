import { evictStable } from './support/evict.ts';
import { fastPolicy } from './support/release-values.ts';
import { type Run, scenario } from './support/scenario.ts';
import { prepare } from './support/prepare.ts';

describe('other programs change the environment in the middle of a rollout', () => {
  const { fixture, offer } = prepare();

  scenario(fixture, '10', 'the stable pods are scaled up and down in the middle of a rollout', async (run) => {
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

  scenario(fixture, '11', 'helm upgrade with another pod template in the middle of a rollout', async (run) => {
    const { env, note } = run;
    const { steps } = fastPolicy.canary;
    // A first step that lasts: the upgrade is to meet it, however long it takes itself; with it come the usual steps.
    const lasting = steps.map((step, i) => (i === 0 ? { ...step, holdSeconds: 120 } : step));
    await env.upgrade({ rollout: { canary: { steps: lasting } } });
    const { name, digest } = await offer('good');
    const accepted = (await env.waitForStep(name, 1, 1)).status?.acceptance;
    const before = await digestOfStable(run);
    await env.upgrade({ podAnnotations: { 'example.com/image-of': 'today' }, rollout: { canary: { steps } } });
    expect(await digestOfStable(run)).toBe(before);
    const anew = await env.waitUntil(
      name,
      'accepted again with the new pod template',
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

  scenario(
    fixture,
    '11b',
    'helm upgrade and helm rollback of an environment at rest change no weights',
    async (run) => {
      const { env } = run;
      const before = await env.settle();
      await env.upgrade({ podAnnotations: { 'example.com/image-of': 'tomorrow' } });
      await env.settle();
      await env.rollback();
      await env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
      expect((await env.pods('stable'))[0]?.metadata.annotations?.['example.com/image-of']).not.toBe('tomorrow');
    },
  );

  scenario(fixture, '11c', 'a drained stable pod in the middle of a rollout costs no request', async (run) => {
    const { env } = run;
    const { name } = await offer('good');
    await env.waitForStep(name, 1, 1);
    await evictStable(env);
    await env.waitForPhase(name, 'Serving');
  });
});

const digestOfStable = async ({ env }: Run) =>
  (await env.stable()).spec.template.metadata?.annotations?.['pawl.dev/digest'];
