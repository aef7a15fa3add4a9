import type { Phase } from '@pawl/shared/modelversion/model-version';
import { type Run, scenario } from './support/scenario.ts';
import { prepare } from './support/prepare.ts';
import { GivenUp } from '@pawl/test-kit/eventually';
import { waitFor } from './support/wait.ts';

/** That a controller may end before and after any write is shown by its own specs; that no request is lost, here. */
describe('nothing that happens to the controllers changes the outcome', () => {
  const { fixture, offer } = prepare({ values: { controller: { replicas: 2 } } });

  scenario(
    fixture,
    '12a',
    'the leading controller is killed in a step and while promoting, and the other one goes on',
    async (run) => {
      const { env, note } = run;
      await bothReady(run);
      const { name, digest } = await offer('good');
      const killed = await killWherever(run, name, ['Canary 1', 'Promoting 2']);
      const served = await env.waitForPhase(name, 'Serving');
      expect(served.status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
      await env.settle();
      await run.answersOnlyFrom(digest);
      note(`killed at ${killed.join(', ')}`);
    },
  );

  scenario(fixture, '12b', 'a verdict stands although the controller is killed as it is given', async (run) => {
    const { env, note } = run;
    await bothReady(run);
    const before = await env.settle();
    const { name } = await offer('subtle');
    const killed = await killWherever(run, name, ['Failed']);
    await env.waitForFailure(name, 'PredictionsShifted');
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
    note(`killed at ${killed.join(', ')}`);
  });

  scenario(fixture, '12c', 'both controllers are killed at once, again and again', async (run) => {
    const { env, load } = run;
    const { name, digest } = await offer('good');
    for (let round = 0; round < 2; round += 1) {
      for (const pod of await env.controllerPods()) await env.killController(pod.metadata.name);
      await load.answered(30, await load.mark());
    }
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
  });
});

/** `<phase>` or `<phase> <step>` of a version. */
type Moment = Phase | `${Phase} ${number}`;

/**
 * Kills whoever leads as soon as the version is at each of these moments.
 * @returns those at which it was done; a moment may pass unseen, because it is short.
 */
async function killWherever({ env }: Run, name: string, moments: readonly Moment[]): Promise<Moment[]> {
  const done: Moment[] = [];
  for (const moment of moments) {
    const later = moments.slice(moments.indexOf(moment) + 1);
    const found = await waitFor(
      `${name} at ${moment}`,
      async () => {
        const { status } = await env.version(name);
        const now: Moment[] =
          status === undefined ? [] : [status.phase, `${status.phase} ${status.rollout?.step ?? 0}`];
        if (now.includes(moment)) return 'there';
        if (status?.phase === 'Serving' || later.some((each) => now.includes(each))) return 'passed';
        if (status?.phase === 'Failed') throw new GivenUp(`${name} failed: ${status.verdict?.message ?? ''}`);
        return undefined;
      },
      { everyMs: 50 },
    );
    if (found === 'passed') continue;
    await env.killController();
    done.push(moment);
  }
  return done;
}

/** One leads and another one waits. */
async function bothReady({ env }: Run): Promise<void> {
  await waitFor('two controllers', async () => {
    const pods = await env.controllerPods();
    const ready = pods.filter(({ status }) =>
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
    return ready.length >= 2 ? true : undefined;
  });
  await env.leader();
}
