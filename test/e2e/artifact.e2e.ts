import { eventually } from '@pawl/test-kit/eventually';
import { signingKey } from './support/bundles.ts';
import { scenario } from './support/scenario.ts';
import { prepare } from './support/prepare.ts';
import { StoreProxy } from './support/store-proxy.ts';

describe('bundles are verified before any pod has them', () => {
  const { fixture, offer } = prepare({ values: { publicKey: signingKey.publicPem } });
  const anotherDigest = `sha256:${'0'.repeat(64)}`;

  scenario(
    fixture,
    '7a',
    'a bundle with another digest than was asked for is refused before a pod exists',
    async ({ env }) => {
      const { name } = await offer('good', { signed: true, digest: anotherDigest });
      const failed = await env.waitForFailure(name, 'DigestMismatch');
      expect(failed.status?.artifact).toBeUndefined();
      // The watch may be a moment behind the read.
      await eventually('the watch to see that it failed', () => env.history.phasesOf(name).at(-1) === 'Failed');
      expect(env.history.phasesOf(name)).toEqual(['Verifying', 'Failed']);
    },
  );

  scenario(
    fixture,
    '7b',
    'a bundle without the signature that this environment asks for is refused',
    async ({ env }) => {
      const { name } = await offer('good');
      await env.waitForFailure(name, 'SignatureMissing');
      // The watch may be a moment behind the read.
      await eventually('the watch to see that it failed', () => env.history.phasesOf(name).at(-1) === 'Failed');
      expect(env.history.phasesOf(name)).toEqual(['Verifying', 'Failed']);
    },
  );

  scenario(fixture, '7c', 'an address where there is nothing is told, and tried again', async ({ env }) => {
    const { name } = await offer('good', { signed: true, uri: (uri) => uri.replace('/catdog@', '/elsewhere@') });
    await env.waitUntil(
      name,
      'without an artifact',
      ({ status }) =>
        status?.conditions.some(({ type, reason }) => type === 'ArtifactVerified' && reason === 'ArtifactNotFound') ===
        true,
    );
    await env.delete(name);
  });

  scenario(
    fixture,
    '7d',
    'while the store is away a signed version waits and nothing else changes; then it serves',
    async (run) => {
      const { env, load, note } = run;
      const store = await StoreProxy.start(env.cluster, env.namespace);
      const before = await env.settle();
      await store.cut();
      const { name, digest } = await offer('good', { signed: true, uri: store.address });
      await env.waitUntil(
        name,
        'waiting for the store',
        ({ status }) =>
          status?.conditions.some(
            ({ type, reason }) => type === 'ArtifactVerified' && reason === 'StoreUnreachable',
          ) === true,
      );
      await run.answersOnlyFrom(before.spec.artifact.digest);
      expect((await env.version(before.metadata.name)).status?.phase).toBe('Serving');
      expect(await env.canaries()).toEqual([]);

      await store.restore();
      // From the first step on pods are added while the store is away again: those that have the bundle go on.
      await env.waitForStep(name, 1, 1);
      await store.cut();
      await load.answered(60, await load.mark());
      await store.restore();
      const served = await env.waitForPhase(name, 'Serving');
      expect(served.status?.artifact).toMatchObject({ digest, signed: true });
      await env.settle();
      note('the store was cut while verifying and again at step 1');
    },
  );
});
