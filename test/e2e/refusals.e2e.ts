import { helm, kubectl, pathOf, type KubeObject } from './support/cluster.ts';
import { pawl } from './support/pawl.ts';
import { fastPolicy } from './support/release-values.ts';
import { prepare } from './support/prepare.ts';
import { scenario } from './support/scenario.ts';
import { waitFor } from './support/wait.ts';

describe('what is wrong is told, and what serves goes on serving', () => {
  // The first step lasts until somebody ends it.
  const steps = fastPolicy.canary.steps.map((step, i) => (i === 0 ? { ...step, holdSeconds: 3600 } : step));
  const { fixture, offer, publish } = prepare({ policy: { canary: { steps } } });

  scenario(
    fixture,
    '16a',
    'a canary that the API server refuses is told in its words, and begins later',
    async (run) => {
      const { env, note } = run;
      const quota = pathOf.core(env.namespace, 'resourcequotas', 'no-more');
      // Room for the stable Deployment and the controller.
      await env.cluster.apply(quota, {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'no-more' },
        spec: { hard: { 'count/deployments.apps': '2' } },
      });
      await waitFor('the quota to count', async () => {
        const { status } = await env.cluster.get<KubeObject & { status?: { used?: object } }>(quota);
        return Object.keys(status?.used ?? {}).length > 0 ? true : undefined;
      });
      const { name } = await offer('good');
      const refused = await env.waitUntil(name, 'told of the quota', ({ status }) =>
        (status?.message ?? '').includes('exceeded quota: no-more'),
      );
      expect(refused.status?.phase).not.toBe('Failed');
      note(refused.status?.message ?? '');
      const events = await kubectl('get', 'events', '-n', env.namespace, '-o', 'json');
      expect(events).toContain('exceeded quota: no-more');
      expect(await pawl('explain', name, '-n', env.namespace)).toContain('exceeded quota: no-more');
      await env.cluster.delete(quota);
      await env.waitForStep(name, 1, 1);
      await env.act(name, 'promote');
      await env.waitForPhase(name, 'Serving');
    },
  );

  scenario(
    fixture,
    '16b',
    'a mistake in the policy stops new versions alone: what serves goes on, and the one before it returns',
    async (run) => {
      const { env } = run;
      const serving = await env.settle();
      const policy = pathOf.core(env.namespace, 'configmaps', `${(await env.stable()).metadata.name}-rollout`);
      const { data = {} } = await env.cluster.get<KubeObject & { data?: Record<string, string> }>(policy);
      const mistaken = { 'policy.yaml': `${data['policy.yaml'] ?? ''}\ncanarie: {}\n` };
      await env.cluster.patch(policy, { data: mistaken });
      const { name } = await offer('good');
      const waiting = await env.waitUntil(name, 'told of the mistake', ({ status }) =>
        (status?.conditions ?? []).some(({ reason }) => reason === 'PolicyInvalid'),
      );
      expect(waiting.status?.message).toContain('canarie');
      expect((await env.version(serving.metadata.name)).status).toMatchObject({ phase: 'Serving' });
      await env.waitForCondition(serving.metadata.name, 'Ready');
      await env.delete(name);
      await env.delete(serving.metadata.name);
      const back = await env.settle();
      expect(back.metadata.name).not.toBe(serving.metadata.name);
      await run.answersOnlyFrom(back.spec.artifact.digest);
      await env.cluster.patch(policy, { data });
    },
  );

  scenario(fixture, '16c', 'another number than its own, or none at all, brings no weights in', async (run) => {
    const { env } = run;
    const before = await env.settle();
    const own = await publish('good');
    const replayed = await env.offer({ ...own, version: '99.0.0' });
    await env.waitForFailure(replayed, 'VersionMismatch');
    for (const version of ['1.9.0-01', '1.4.0-0481516', '99999999999999999999.0.0'])
      await expect(env.offer({ ...own, version }, { name: 'no-number' })).rejects.toThrow(/spec\.version/);
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
  });

  scenario(
    fixture,
    '16d',
    'helm uninstall in the middle of a rollout leaves no pod, and nobody is told that all is well',
    async ({ env, load, note }) => {
      const { name } = await offer('good');
      await env.waitForStep(name, 1, 1);
      await load.setRate(0);
      await helm('uninstall', 'pawl', '-n', env.namespace);
      await waitFor('the end of every pod of the model', async () =>
        (await env.canaries()).length === 0 && (await env.pods()).length === 0 ? true : undefined,
      );
      // Its Lease was given back a moment ago: it takes as long as a Lease lasts until nobody can be said to look.
      const explained = await waitFor('explain to say that nobody looks', async () => {
        const text = await pawl('explain', name, '-n', env.namespace);
        return /has not looked|No controller looks/.test(text) ? text : undefined;
      });
      note(explained.split('\n', 1)[0] ?? '');
    },
    { settles: false },
  );
});
