import { shareOf } from './support/load-report.ts';
import { prepare } from './support/prepare.ts';
import { fastPolicy } from './support/release-values.ts';
import { scenario } from './support/scenario.ts';

/** That people may come at any moment is shown by the controller's own specs; that no request is lost, here, at the worst. */
describe('people take part', () => {
  // Steps that last until somebody has acted, however long that takes.
  const steps = fastPolicy.canary.steps.map((step) => ({ ...step, holdSeconds: 10 }));
  const { fixture, offer } = prepare({ policy: { canary: { steps } } });

  scenario(
    fixture,
    '8a',
    'an aborted version leaves with all its pods, and comes back when it is retried',
    async (run) => {
      const { env } = run;
      const before = await env.settle();
      const { name, digest } = await offer('good');
      await env.waitForStep(name, 2, 1);
      await env.act(name, 'abort');
      await env.waitForFailure(name, 'Aborted');
      await env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
      await env.act(name, 'retry');
      await env.waitForPhase(name, 'Serving');
      await env.settle();
      await run.answersOnlyFrom(digest);
      const { verdict, handled } = (await env.version(name)).status ?? {};
      expect(verdict).toMatchObject({ outcome: 'Passed' });
      expect(Object.keys(handled ?? {})).toEqual(expect.arrayContaining(['abort', 'retry']));
    },
  );

  scenario(
    fixture,
    '8b',
    'a suspended version holds before its first pod and in a step, and goes on when it is resumed',
    async (run) => {
      const { env, load, note } = run;
      const { name, digest } = await offer('good', { suspend: true });
      await env.waitForPhase(name, 'Suspended');
      await load.answered(30, await load.mark());
      expect((await run.report()).byDigest[digest]).toBeUndefined();
      await env.suspend(name, false);
      await env.waitForStep(name, 1, 1);
      await env.suspend(name, true);
      await env.waitForPhase(name, 'Suspended');
      const from = await load.mark();
      // More than the step asks for: without the suspension it would be over.
      await load.answered(100, from);
      const { status } = await env.version(name);
      expect(status?.phase).toBe('Suspended');
      expect(status?.rollout?.step).toBe(1);
      const share = shareOf(await run.report(from), digest);
      note(`held at step 1 with ${Math.round(share * 100)} % of the requests`);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
      await env.suspend(name, false);
      await env.waitForPhase(name, 'Serving');
      await env.settle();
      await run.answersOnlyFrom(digest);
    },
  );

  scenario(fixture, '8c', 'a version that is promoted by hand skips the steps that are left', async ({ env }) => {
    const { name } = await offer('good');
    await env.waitForStep(name, 1);
    await env.act(name, 'promote');
    const served = await env.waitForPhase(name, 'Serving');
    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'PromotedByHand' });
  });

  scenario(
    fixture,
    '8e',
    'a version that is deleted in the middle of its rollout leaves nothing behind',
    async (run) => {
      const { env } = run;
      const before = await env.settle();
      const { name } = await offer('good');
      await env.waitForStep(name, 2, 1);
      await env.delete(name);
      await env.settle();
      await run.answersOnlyFrom(before.spec.artifact.digest);
    },
  );
});
