import { setTimeout as sleep } from 'node:timers/promises';
import { compare } from 'semver';
import { restartApiServer, startApiServer } from './support/api-server.ts';
import { component, pathOf } from './support/cluster.ts';
import type { TestEnvironment } from './support/environment.ts';
import { type Run, scenario, type Fixture, skippedScenario } from './support/scenario.ts';
import { settings } from './support/settings.ts';
import { prepare } from './support/prepare.ts';
import { waitFor } from './support/wait.ts';

/** Longer than a lease of the controller (15 s): an outage, not a wait for anything. */
const OUTAGE_MS = 30_000;

describe('nothing that happens to the cluster changes the outcome', () => {
  const { fixture, offer } = prepare({ alone: true, values: { controller: { replicas: 2 } } });

  const withoutApiServer =
    'there is no API server for 30 s in the middle of a rollout, and when it is back connections are cut again and again';
  scenarioOnComponents(fixture, '12d', withoutApiServer, async (run) => {
    const { env, load, note } = run;
    const { name, digest } = await offer('good');
    await env.waitForStep(name, 1, 1);
    await component('stop', 'kube-apiserver');
    try {
      await sleep(OUTAGE_MS);
    } finally {
      await startApiServer(env.cluster);
    }
    await othersNoticeAtOnce(run);
    await env.waitForStep(name, 2);
    for (let round = 0; round < 2; round += 1) {
      await restartApiServer(env.cluster);
      await load.answered(30, await load.mark());
    }
    const served = await env.waitForPhase(name, 'Serving');
    expect(served.status?.verdict).toMatchObject({ outcome: 'Passed' });
    await env.settle();
    await run.answersOnlyFrom(digest);
    note(`restarts of controller pods: ${await restarts(run)}`);
  });

  scenarioOnComponents(fixture, '12f', 'the API server hangs while a version is to be rolled back', async (run) => {
    const { env } = run;
    const { served, before } = await twoVersions(run);
    await env.delete(served.metadata.name);
    await component('freeze', 'kube-apiserver', '10');
    await env.waitForPhase(before.metadata.name, 'Serving');
    await env.settle();
    await run.answersOnlyFrom(before.spec.artifact.digest);
  });

  const onTheNode =
    'the node agent is away for a while in the middle of a rollout, and the node learns late that pods of the old weights end';
  scenarioOnComponents(fixture, '12g', onTheNode, async (run) => {
    const { env, load, note } = run;
    const { name, digest } = await offer('good');
    await env.waitForStep(name, 1, 1);
    await component('stop', 'kubelet');
    await sleep(OUTAGE_MS / 3);
    await component('start', 'kubelet');
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

  /** A version that serves, and the one to which its end leads back. */
  async function twoVersions({ env }: Run) {
    const old = await env.settle();
    const superseded = (await env.versions()).filter(({ status }) => status?.phase === 'Superseded');
    const [before] = superseded.sort((a, b) => compare(b.spec.version, a.spec.version));
    if (before !== undefined) return { served: old, before };
    const { name } = await offer('good');
    return { served: await env.waitForPhase(name, 'Serving'), before: old };
  }
});

/**
 * Has the parts of Kubernetes that Pawl depends on look for the API server again now. By themselves they back off for up to
 * a minute, and how long is theirs.
 */
async function othersNoticeAtOnce({ env }: Run): Promise<void> {
  await waitFor('the API server', () => env.cluster.text('/readyz'));
  for (const name of ['kube-proxy', 'kube-controller-manager', 'kubelet']) await component('restart', name);
  await controllerManagerWorks(env);
}

/**
 * Waits until Kubernetes' own controllers do their work: while they start they give up for good when the API server is away for
 * 10 s, and nobody here starts them again.
 */
async function controllerManagerWorks({ cluster, namespace }: TestEnvironment): Promise<void> {
  // They put it back into every namespace.
  const certificate = pathOf.core(namespace, 'configmaps', 'kube-root-ca.crt');
  await cluster.delete(certificate);
  await waitFor('the controller manager', async () => {
    await component('start', 'kube-controller-manager');
    return await cluster.find(certificate);
  });
}

function scenarioOnComponents(
  fixture: () => Fixture,
  id: string,
  title: string,
  work: (run: Run) => Promise<void>,
): void {
  if (settings().component === undefined) skippedScenario(id, title, 'PAWL_TEST_COMPONENT');
  else scenario(fixture, id, title, work);
}

async function restarts({ env }: Run): Promise<number> {
  const pods = await env.controllerPods();
  return pods.reduce((sum, { status }) => sum + (status.containerStatuses?.[0]?.restartCount ?? 0), 0);
}
