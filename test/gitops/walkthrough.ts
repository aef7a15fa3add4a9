import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { signingKey } from '../e2e/support/bundles.ts';
import { kubectl } from '../e2e/support/cluster.ts';
import { shareOf } from '../e2e/support/load-report.ts';
import { settings } from '../e2e/support/settings.ts';
import { argoPath } from './support/argocd.ts';
import { git } from './support/git.ts';
import { names } from './support/names.ts';
import { modelValues, personalise, STEPS, versionFile } from './support/personalise.ts';
import { published, release, type NamedOffer, secondsToServing, serves, versionKey } from './support/release.ts';
import { report } from './support/report.ts';
import { step, type StepRun } from './support/step.ts';
import { ENVIRONMENTS, type Installation } from './support/installation.ts';

/** Sum of the configured waits of a canary, seconds. */
const CONFIGURED_WAITS = STEPS.reduce((sum, { holdSeconds }) => sum + holdSeconds, 0);
/** Largest share that a canary gets; measured shares of few requests stray from it. */
const LARGEST_SHARE = Math.max(...STEPS.map(({ weight }) => weight)) / 100;
const STRAY = 0.2;

/**
 * From an empty cluster to a version in prod, and everything that goes wrong on the way. ResNet-34 has another input than
 * ResNet-18, and other labels are another contract: `pawl release` demands a major version for each, so the better weights
 * are 2.0.0 and the wrong ones 3.0.0.
 */
export function walkthrough(installation: () => Installation): void {
  const released: Record<string, NamedOffer> = {};
  const known = (version: string) => {
    const found = released[version];
    if (found === undefined) throw new Error(`${version} was not released`);
    return found;
  };
  const prod = () => installation().environments.prod;
  const staging = () => installation().environments.staging;

  step(
    installation,
    '1',
    'bootstrap from an empty cluster',
    async (run) => {
      const { clone } = run.installation;
      personalise(run.installation, clone, {
        // Staging trusts CI too; prod the releases' key alone, by which everything here is signed.
        staging: { replicas: 2, publicKey: generateSigningKeyPair().publicKeyPem + signingKey.publicPem },
        prod: { replicas: 3, publicKey: signingKey.publicPem },
      });
      await clone.commit('Set Pawl up for this cluster');
      await clone.push();
      await kubectl('apply', '-k', `${clone.folder}/k8s/argocd`);
      await run.delivered();
      for (const name of ENVIRONMENTS) {
        const { metadata } = await run.installation.cluster.get(
          `/api/v1/namespaces/${run.installation.environments[name].namespace}`,
        );
        expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
      }
    },
    {
      serving: [],
      // No weights, no readiness: the pods wait for the first version.
      health: {
        [names.service('staging')]: ['Progressing', 'Healthy'],
        [names.service('prod')]: ['Progressing', 'Healthy'],
      },
    },
  );

  step(
    installation,
    '2',
    'release 1.0.0 to staging',
    async (run) => {
      const { released: first, delivery } = await release(run, 'good', '1.0.0');
      released['1.0.0'] = first;
      const { status } = await serves(run, staging(), first);
      expect(status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'FirstVersion' });
      expect(status?.artifact).toMatchObject({ signed: true });
      run.note(`first version Serving ${seconds(run, 'staging', delivery.commit, first)} s after its commit was seen`);
    },
    { serving: ['staging'], health: { [names.service('prod')]: ['Progressing', 'Healthy'] } },
  );

  step(installation, '3', 'promote 1.0.0 to prod', async (run) => {
    // Prod asks for an hour in staging; who has none says so, and the commit says it too.
    const early = await run.installation.clone.pawl(...promotion('1.0.0'));
    expect(early.code).not.toBe(0);
    expect(early.stderr).toContain('[NOT_SERVING_LONG]');
    run.note(`pawl promote, too early: ${firstLine(early.stderr)}`);
    await promote(run, '1.0.0');
    await serves(run, prod(), known('1.0.0'));
  });

  step(installation, '4', 'release better weights, 2.0.0, to staging', async (run) => {
    const { released: better, delivery } = await release(run, 'better', '2.0.0');
    released['2.0.0'] = better;
    const { status } = await serves(run, staging(), better);
    expect(status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    timing(run, 'staging', delivery.commit, better);
  });

  step(installation, '5', 'promote 2.0.0 to prod', async (run) => {
    const { commit } = await promote(run, '2.0.0');
    const { status } = await serves(run, prod(), known('2.0.0'));
    expect(status?.verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    timing(run, 'prod', commit, known('2.0.0'));
    const shown = await git(run.installation.clone.folder, 'show', '--no-color', commit);
    // Where the registry is concerns nobody who reads the report.
    report((before) => ({ ...before, promotion: shown.replaceAll(settings().registry, 'registry.example') }));
  });

  step(
    installation,
    '6',
    'release 3.0.0, healthy but wrong: staging refuses it, and prod the promotion',
    async (run) => {
      const { released: wrong } = await release(run, 'swapped', '3.0.0');
      released['3.0.0'] = wrong;
      const { status } = await staging().env.waitForFailure(wrong.name, 'AcceptanceFailed');
      await run.installation.argo.healthOf({ [staging().versions]: ['Degraded'] });
      run.message(`${wrong.name}: ${status?.message ?? ''}`);
      const shown = await run.installation.argo.healthOfObject(staging().versions, 'ModelVersion', wrong.name);
      if (shown === undefined) run.note('what Argo CD shows of it was not read: PAWL_TEST_ARGOCD_API is not set');
      else {
        expect(shown.status).toBe('Degraded');
        expect(shown.message).toMatch(/AcceptanceFailed|acceptance/i);
        run.message(`Argo CD on ${wrong.name}: ${shown.message ?? ''}`);
      }

      const before = await run.installation.clone.head();
      const refused = await run.installation.clone.pawl(...promotion('3.0.0'));
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('[NOT_SERVING]');
      expect(refused.stderr).toContain('AcceptanceFailed');
      expect(await run.installation.clone.head()).toBe(before);
      run.note(`pawl promote: ${firstLine(refused.stderr)}`);

      await run.answersOnlyFrom(staging(), known('2.0.0').digest);
      expect((await run.load(staging())).byDigest[wrong.digest]).toBeUndefined();
    },
    { health: { [names.versions('staging')]: ['Degraded'] } },
  );

  step(installation, '7', 'revert 3.0.0 in Git', async (run) => {
    run.removes(versionKey(run.installation, 'staging', '3.0.0'));
    await run.installation.clone.revert('HEAD');
    await run.deliver();
    await run.answersOnlyFrom(staging(), known('2.0.0').digest);
  });

  step(
    installation,
    '8',
    'force 2.1.0, accepted yet worse, into prod by hand',
    async (run) => {
      const { clone } = run.installation;
      const worse = await published(run.installation, 'subtle', '2.1.0');
      released['2.1.0'] = worse;
      const text = clone.read(versionFile('prod', '2.0.0'));
      const { digest, uri } = known('2.0.0');
      clone.write(
        versionFile('prod', '2.1.0'),
        text
          .replaceAll(known('2.0.0').name, worse.name)
          .replaceAll(uri, worse.uri)
          .replaceAll(digest, worse.digest)
          .replaceAll('version: 2.0.0', 'version: 2.1.0'),
      );
      await clone.commit('Put 2.1.0 into prod, it is urgent');
      const from = await prod().load?.mark();
      await run.deliver();
      const { status } = await prod().env.waitForFailure(worse.name, 'PredictionsShifted');
      const failedAt = prod().load?.at(Date.parse(status?.verdict?.at ?? ''));
      run.message(`${worse.name}: ${status?.message ?? ''}`);
      await run.answersOnlyFrom(prod(), known('2.0.0').digest);
      const during = await run.load(prod(), from, failedAt);
      const share = shareOf(during, worse.digest);
      expect(share).toBeLessThan(LARGEST_SHARE + STRAY);
      run.note(
        `${during.byDigest[worse.digest]?.requests ?? 0} of ${during.ok} requests met it before its verdict (${Math.round(share * 100)} %)`,
      );
    },
    { health: { [names.versions('prod')]: ['Degraded'] } },
  );

  step(installation, '9', 'roll prod back to 1.0.0', async (run) => {
    for (const version of ['2.0.0', '2.1.0']) run.removes(versionKey(run.installation, 'prod', version));
    const since = Date.now();
    await run.installation.clone.pawlDone('rollback', 'catdog', '--env', 'prod', '--to', '1.0.0', '--push');
    await run.delivered();
    await serves(run, prod(), known('1.0.0'));
    expect(prod().env.history.phasesOf(known('1.0.0').name, since)).not.toContain('Canary');
  });

  step(installation, '10', 'upgrade the chart in the middle of a rollout', async (run) => {
    const { clone } = run.installation;
    const chart = clone.yaml('charts/pawl/Chart.yaml')['version'] as string;
    // A first step that lasts: the upgrade is to meet it, on a fast machine too.
    const [first, ...others] = STEPS;
    clone.edit(modelValues('staging'), { rollout: { canary: { steps: [{ ...first, holdSeconds: 30 }, ...others] } } });
    await clone.commit('Hold the first step of staging for longer');
    // The policy and the version are of two Applications: the version must not be there before its policy.
    await run.deliver();
    const { released: next } = await release(run, 'better', '2.2.0');
    released['2.2.0'] = next;
    await staging().env.waitForStep(next.name, 1);
    clone.edit('charts/pawl/Chart.yaml', { version: `${chart.replace(/\+.*/, '')}+next` });
    for (const name of ENVIRONMENTS)
      clone.edit(`k8s/environments/${name}/values.yaml`, { podAnnotations: { 'example.com/chart': 'next' } });
    clone.edit(modelValues('staging'), { rollout: { canary: { steps: STEPS } } });
    await clone.commit('Upgrade the chart');
    const { commit, syncedAt } = await run.deliver();
    await serves(run, staging(), next);
    const served = staging().env.history.entries.find(({ name, phase }) => name === next.name && phase === 'Serving');
    // Otherwise it was no upgrade in the middle of a rollout.
    expect(served?.at).toBeGreaterThan(syncedAt);
    run.note(
      `${commit.slice(0, 7)} was Synced ${(((served?.at ?? 0) - syncedAt) / 1000).toFixed(1)} s before 2.2.0 served`,
    );
    for (const { env } of [staging(), prod()])
      expect((await env.stable()).spec.template.metadata?.annotations).toMatchObject({ 'example.com/chart': 'next' });
    await run.answersOnlyFrom(prod(), known('1.0.0').digest);
  });

  step(
    installation,
    '11',
    'delete the Applications and ApplicationSets, and bootstrap again: nothing restarts',
    async (run) => {
      const { argo, cluster, clone, inventories } = run.installation;
      const pods = async () =>
        (
          await Promise.all(ENVIRONMENTS.map((name) => inventories.pods(run.installation.environments[name].namespace)))
        ).flatMap((one) => [...one]);
      const before = await pods();
      await cluster.delete(argoPath('applications', names.root));
      for (const { metadata } of await argo.applicationSets())
        await cluster.delete(argoPath('applicationsets', metadata.name));
      for (const { metadata } of await argo.applications())
        await cluster.delete(argoPath('applications', metadata.name));
      expect([...(await argo.applications()), ...(await argo.applicationSets())]).toEqual([]);
      for (const { load } of [staging(), prod()]) if (load !== undefined) await load.answered(20, await load.mark());
      await kubectl('apply', '-k', `${clone.folder}/k8s/argocd`);
      await run.delivered();
      expect(await pods()).toEqual(before);
    },
    { mayReplace: (key) => key.startsWith('argoproj.io/') },
  );

  const timing = (run: StepRun, name: 'staging' | 'prod', commit: string, one: NamedOffer) => {
    const measured = secondsToServing(run.installation, run.installation.environments[name], commit, one.name);
    const replicas = { staging: 2, prod: 3 }[name];
    report((before) => ({
      ...before,
      timings: [
        ...before.timings,
        {
          what: `two steps with analysis, ${name}, ${replicas} replicas`,
          seconds: measured - CONFIGURED_WAITS,
          note: `${measured.toFixed(1)} s with the ${CONFIGURED_WAITS} s of configured waits`,
        },
      ],
    }));
  };
}

const promotion = (version: string) =>
  ['promote', 'catdog', '--from', 'staging', '--to', 'prod', '--version', version, '--push'] as const;

/** `pawl promote` with a push, and Argo CD is Synced to it. */
async function promote(run: StepRun, version: string) {
  const told = await run.installation.clone.pawlDone(...promotion(version), '--serving-for', '0s');
  expect(told).toContain(version);
  return await run.delivered();
}

const firstLine = (text: string) => text.split('\n', 1).join('');

const seconds = (run: StepRun, name: 'staging' | 'prod', commit: string, one: NamedOffer) =>
  secondsToServing(run.installation, run.installation.environments[name], commit, one.name).toFixed(1);
