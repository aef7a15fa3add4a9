import { setTimeout as sleep } from 'node:timers/promises';
import { restartApiServer } from '../e2e/support/api-server.ts';
import { settings } from '../e2e/support/settings.ts';
import { waitFor } from '../e2e/support/wait.ts';
import { modelValues, versionFile } from './support/personalise.ts';
import { release, serves } from './support/release.ts';
import { skippedStep, step } from './support/step.ts';
import type { Installation } from './support/installation.ts';

/**
 * What goes wrong around Pawl: the last good state keeps serving, and what was under way is finished afterwards.
 * @param killArgoCd kills Argo CD's application controller so that it comes back; undefined where nobody can.
 */
export function faults(installation: () => Installation, killArgoCd: (() => Promise<void>) | undefined): void {
  const staging = () => installation().environments.staging;
  const killed = "Argo CD's application controller is killed in the middle of a sync";
  if (killArgoCd === undefined) skippedStep('12', killed, 'PAWL_TEST_COMPONENT');
  else
    step(installation, '12', killed, async (run) => {
      const { clone, syncs } = run.installation;
      // New pods, so that the operation of the service lasts: it ends when they are ready and answered the smoke test.
      clone.edit(modelValues('staging'), { podAnnotations: { 'example.com/fault': 'killed' } });
      await clone.commit('Annotate the pods of staging');
      const { released } = await release(run, 'better', '2.3.0', { deliver: false });
      const head = await clone.head();
      await run.installation.argo.refresh();
      const phase = await waitFor(
        'a sync of the service to begin',
        () =>
          syncs.entries.find(
            (one) => one.name === staging().service && one.revisions.includes(head) && one.phase === 'Running',
          ),
        { everyMs: 20 },
      );
      await killArgoCd();
      run.note(`killed while the operation that began at ${phase.startedAt} was ${phase.phase}`);
      await run.delivered();
      await serves(run, staging(), released);
      expect((await staging().env.stable()).spec.template.metadata?.annotations).toMatchObject({
        'example.com/fault': 'killed',
      });
    });

  step(installation, '13', 'the Git server is away in the middle of a rollout', async (run) => {
    const { git, argo, settings } = run.installation;
    // Looked at from the push on: when all is Synced, a fast rollout may be over.
    const { released } = await release(run, 'better', '2.4.0', { deliver: false });
    await argo.refresh();
    await staging().env.waitForStep(released.name, 1);
    await git.stop();
    try {
      await argo.refresh();
      // As long as everything has to stand still after a step; not a wait for anything.
      await sleep(settings.holdSeconds * 1000);
      // What is under way needs Git no more.
      await serves(run, staging(), released);
      const applications = await argo.applications();
      const conditions = applications.flatMap(({ status }) => status?.conditions ?? []).map(({ type }) => type);
      run.note(`meanwhile Argo CD says ${[...new Set(conditions)].join(', ') || 'nothing'}`);
    } finally {
      await git.start();
    }
    await run.delivered();
  });

  const restarted = 'the API server is restarted in the middle of a rollout';
  if (settings().component === undefined) skippedStep('14', restarted, 'PAWL_TEST_COMPONENT');
  else
    step(
      installation,
      '14',
      restarted,
      async (run) => {
        const { released } = await release(run, 'better', '2.5.0', { deliver: false });
        await run.installation.argo.refresh();
        await staging().env.waitForStep(released.name, 1);
        await restartApiServer(run.installation.cluster);
        await serves(run, staging(), released);
        await run.delivered();
      },
      { hold: 'alone' },
    );

  step(installation, '15', 'broken manifests are committed, and reverted', async (run) => {
    const { clone, argo } = run.installation;
    const before = await staging().env.settle();
    const whole = clone.read(modelValues('staging'));

    clone.write(modelValues('staging'), `${whole}\n  not: [YAML\n`);
    clone.write(versionFile('staging', '9.0.0'), 'apiVersion: pawl.dev/v1alpha1\nkind: ModelVersion\nmetadata: [\n');
    const first = await clone.commit('Break the YAML of staging');
    await clone.push();
    await argo.refresh();
    for (const name of [staging().service, staging().versions])
      run.message(`${name}: ${short(await conditionOf(run.installation, name, 'ComparisonError'))}`);
    await run.answersOnlyFrom(staging(), before.spec.artifact.digest);

    await clone.revert(first);
    clone.write(
      versionFile('staging', '9.0.0'),
      clone
        .read(versionFile('staging', before.spec.version))
        .replace(/digest: .*/, 'digest: none')
        .replace(/name: .*/, 'name: catdog-9-0-0'),
    );
    const second = await clone.commit('Offer what the API server refuses');
    await clone.push();
    await argo.refresh();
    const refused = await waitFor('the API server to refuse it', async () => {
      const { status } = await argo.application(staging().versions);
      const { message = '', syncResult } = status?.operationState ?? {};
      const told = `${message} ${JSON.stringify(syncResult ?? '')}`;
      return /spec\.artifact\.digest/.test(told) ? message : undefined;
    });
    run.note(`refused by the API server: ${short(refused)}`);
    await run.answersOnlyFrom(staging(), before.spec.artifact.digest);
    expect((await staging().env.versions()).map(({ metadata }) => metadata.name)).not.toContain('catdog-9-0-0');

    await clone.revert(second);
    await run.deliver();
  });
}

/** Message of a condition of an Application, once it is there. */
async function conditionOf({ argo }: Installation, name: string, type: string): Promise<string> {
  return await waitFor(`${type} of ${name}`, async () => {
    const { status } = await argo.application(name);
    return status?.conditions?.find((one) => one.type === type)?.message;
  });
}

/** One line of at most 240 characters. */
function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 240 ? `${line.slice(0, 240).trim()} ...` : line;
}
