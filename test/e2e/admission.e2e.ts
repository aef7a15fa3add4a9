import { Admission } from './support/admission.ts';
import { signingKey } from './support/bundles.ts';
import { kubectl, type KubeObject, pathOf } from './support/cluster.ts';
import { pawl } from './support/pawl.ts';
import { prepare } from './support/prepare.ts';
import { scenario } from './support/scenario.ts';
import { settings } from './support/settings.ts';

const OF_WEIGHTS = ['pawl-weights', 'pawl-rollout-policies'] as const;
const OF_PODS = ['pawl-deployments', 'pawl-pods'] as const;

describe('a cluster admits what the platform lists, and what serves goes on serving', () => {
  const { fixture, offer, publish } = prepare({ values: { publicKey: signingKey.publicPem } });
  const rules: Admission[] = [];
  /** Who runs the scenarios, as the API server calls them. */
  const me = async () => (await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).trim();
  const admission = (offerers: readonly string[]) => {
    const made = new Admission(fixture().env, offerers);
    rules.push(made);
    return made;
  };

  // Rules are of the whole cluster: they must not outlive their namespace.
  afterEach(async () => {
    for (const made of rules.splice(0)) await made.remove();
  });

  scenario(
    fixture,
    '19a',
    'weights, keys and images that the platform does not admit are refused, and the stable pods serve on',
    async (run) => {
      const { env, note } = run;
      const before = await env.settle();
      const strangers = admission(['nobody']);
      await strangers.install('pawl-weights');
      const good = await publish('good', { signed: true });
      await expect(env.offer(good)).rejects.toThrow(/versions are not offered by .*expected one of: nobody/);
      await strangers.remove('pawl-weights');

      const rule = admission([await me()]);
      await rule.install(...OF_WEIGHTS);
      const named = { name: 'not-admitted' };
      const tag = good.uri.replace(/@sha256:.*$/, '');
      await expect(env.offer({ ...good, uri: tag }, named)).rejects.toThrow(/whose tag may move/);
      const elsewhere = good.uri.replace('/pawl-e2e/', '/others/');
      await expect(env.offer({ ...good, uri: elsewhere }, named)).rejects.toThrow(/weights from .* are not admitted/);
      const policy = pathOf.core(env.namespace, 'configmaps', `${(await env.stable()).metadata.name}-rollout`);
      await expect(env.cluster.patch(policy, { data: { 'public-key.pem': null } })).rejects.toThrow(
        /has no public key, so unsigned weights would be served/,
      );

      // An image that has no digest on the list: the weights are fine, and their pods are not.
      const { inferenceImage } = settings();
      const unlisted = admission([await me()]);
      await unlisted.install(...OF_PODS);
      const stable = await env.stable();
      const container = {
        name: 'inference',
        image: inferenceImage.replace(/@.*$/, '').replace(/(:[^:/]*)?$/, ':moved'),
      };
      const patch = { spec: { template: { spec: { containers: [container] } } } };
      const path = pathOf.deployments(env.namespace, stable.metadata.name);
      await expect(
        kubectl('patch', 'deployment', stable.metadata.name, '-n', env.namespace, '-p', JSON.stringify(patch)),
      ).rejects.toThrow(/images are not admitted here: .*:moved/);
      expect((await env.cluster.get<KubeObject & { metadata: { generation: number } }>(path)).metadata.generation).toBe(
        stable.metadata.generation,
      );
      if (inferenceImage.includes('@')) {
        note('the images have digests: pods were admitted, a tag was not');
      } else {
        const name = await env.offer(good);
        const refused = await env.waitUntil(name, 'told of the rule', ({ status }) =>
          (status?.message ?? '').includes('images are not admitted here'),
        );
        note(refused.status?.message ?? '');
        expect(refused.status?.phase).not.toBe('Failed');
        expect(await pawl('explain', name, '-n', env.namespace)).toContain('images are not admitted here');
        expect(await env.canaries()).toEqual([]);
      }
      await run.answersOnlyFrom(before.spec.artifact.digest);
      await unlisted.remove(...OF_PODS);
      if (inferenceImage.includes('@')) return;
      // With pods that are admitted again, the same version goes on by itself.
      await env.waitForPhase('catdog-1-1-0', 'Serving');
    },
  );

  scenario(
    fixture,
    '19b',
    'under the rules unsigned weights are refused by the controller, and signed ones roll out',
    async ({ env, note }) => {
      const { inferenceImage, controllerImage } = settings();
      const arePinned = [inferenceImage, controllerImage].every((image) => image.includes('@sha256:'));
      const rule = admission([await me()]);
      await rule.install(...OF_WEIGHTS, ...(arePinned ? OF_PODS : []));
      const unsigned = await offer('good');
      await env.waitForFailure(unsigned.name, 'SignatureMissing');
      const { name, digest } = await offer('good', { signed: true });
      const served = await env.waitForPhase(name, 'Serving');
      expect(served.status?.artifact).toMatchObject({ digest, signed: true });
      await env.upgrade({ podAnnotations: { upgraded: 'under-the-rules' } });
      await env.settle();
      await env.delete(unsigned.name);
      note(
        arePinned ? 'with the rules of pods, too' : 'without the rules of pods: the images under test have no digests',
      );
    },
  );
});
