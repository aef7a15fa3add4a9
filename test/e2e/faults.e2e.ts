import { setTimeout as sleep } from 'node:timers/promises';
import type { Phase } from '@pawl/shared/modelversion/model-version';
import { component } from './support/cluster.ts';
import { type Run, scenario, type Scene, skippedScenario } from './support/scenario.ts';
import { settings } from './support/settings.ts';
import { stage } from './support/stage.ts';
import { GivenUp, waitFor } from './support/wait.ts';

/** An outage as long as the issue asks for; not a wait for anything. */
const OUTAGE_MS = 30_000;

describe('nothing that happens to the controller or to the cluster changes the outcome', () => {
  const { scene, offer } = stage({ values: { controller: { replicas: 2 } } });

  scenario(scene, '12a', 'the leading controller is killed in every phase, and the other one goes on', async (run) => {
    const { env, note } = run;
    await bothReady(run);
    const { name, digest } = await offer('good');
    const killed = await killWherever(run, name, ['Verifying 0', 'Canary 0', 'Canary 1', 'Canary 2', 'Promoting 2']);
    const served = await env.waitForPhase(name, 'Serving');
    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    await env.settle();
    await run.answersOnlyFrom(digest);
    note(`killed at ${killed.join(', ')}`);
  });

  scenario(scene, '12b', 'a verdict stands although the controller is killed as it is given', async (run) => {
    const { env, note } = run;
    await bothReady(run);
    const before = await env.settle();
    const { name } = await offer('subtle');
    const killed = await killWherever(run, name, ['Canary 1', 'Failed']);
    await env.waitForFailure(name, 'PredictionsShifted');
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
    note(`killed at ${killed.join(', ')}`);
  });

  scenario(scene, '12c', 'both controllers are killed at once, again and again', async (run) => {
    const { env, load } = run;
    const { name, digest } = await offer('good');
    for (let round = 0; round < 3; round += 1) {
      for (const pod of await env.controllerPods()) await env.killController(pod.metadata.name);
      await load.answered(60, await load.mark());
    }
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
  });

  scenarioOnComponents(scene, '12d', 'there is no API server for 30 s in the middle of a rollout', async (run) => {
    const { env, note } = run;
    const { name, digest } = await offer('good');
    await env.waitForStep(name, 1, 1);
    await component('stop', 'kube-apiserver');
    try {
      await sleep(OUTAGE_MS);
    } finally {
      await component('start', 'kube-apiserver');
    }
    const served = await env.waitForPhase(name, 'Serving');
    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed' });
    await env.settle();
    await run.answersOnlyFrom(digest);
    note(`restarts of controller pods: ${await restarts(run)}`);
  });

  scenarioOnComponents(scene, '12e', 'watch connections are cut again and again', async (run) => {
    const { env, load } = run;
    const { name, digest } = await offer('good');
    for (let round = 0; round < 3; round += 1) {
      await component('restart', 'kube-apiserver');
      await load.answered(60, await load.mark());
    }
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
  });

  scenarioOnComponents(scene, '12f', 'the API server hangs while a version is to be rolled back', async (run) => {
    const { env } = run;
    const before = await env.settle();
    const { name } = await offer('good');
    await env.waitForPhase(name, 'Serving');
    await env.delete(name);
    await component('freeze', 'kube-apiserver', '10');
    await env.waitForPhase(before.metadata.name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
  });

  scenarioOnComponents(scene, '12g', 'the node agent is away for a while in the middle of a rollout', async (run) => {
    const { env } = run;
    const { name, digest } = await offer('good');
    await env.waitForStep(name, 1, 1);
    await component('stop', 'kubelet');
    await sleep(OUTAGE_MS / 3);
    await component('start', 'kubelet');
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
  });

  scenarioOnComponents(scene, '12h', 'the node learns late that pods of the old weights end', async (run) => {
    const { env, load, note } = run;
    const { name, digest } = await offer('good');
    await env.waitForPhase(name, 'Promoting');
    // What a hanging API server does at the worst moment: pods are told to end, and no proxy is told so. For longer than
    // `drain.delaySeconds`, which is all that a pod would wait in its own time.
    const proxy = component('freeze', 'kube-proxy', '20');
    const ending = await waitFor('pods on their way out', async () => {
      const pods = await env.leaving();
      return pods.length > 0 ? pods.length : undefined;
    });
    await proxy;
    await load.answered(30, await load.mark());
    await env.waitForPhase(name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(digest);
    note(`the proxy stood still for 20 s, while ${ending} pods or more were ending`);
  });
});

function scenarioOnComponents(scene: () => Scene, id: string, title: string, work: (run: Run) => Promise<void>): void {
  if (settings().component === undefined) skippedScenario(id, title, 'PAWL_TEST_COMPONENT');
  else scenario(scene, id, title, work);
}

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

async function restarts({ env }: Run): Promise<number> {
  const pods = await env.controllerPods();
  return pods.reduce((sum, { status }) => sum + (status.containerStatuses?.[0]?.restartCount ?? 0), 0);
}
