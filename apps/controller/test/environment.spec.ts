import { setTimeout as pause } from 'node:timers/promises';
import { annotations, FIELD_MANAGER, labels } from '@pawl/shared/modelversion/names';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { startRegistry } from '@pawl/test-kit/registry';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { configMaps, deployments, events } from '@pawl/shared/kubernetes/objects';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { ownedFields } from './support/managed-fields.ts';
import { endless } from './support/holds.ts';
import { EnvironmentFixture, type FixtureOptions } from './support/environment-fixture.ts';

import.meta.jest.setTimeout(400_000);

const aCondition = (type: string) => ({
  type,
  status: 'True',
  reason: 'Superseded',
  message: 'by hand',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  observedGeneration: 1,
});

describeWhenSet('KUBECONFIG', 'a rollout among others who write, on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  const set = async (options?: FixtureOptions) => {
    fixture = await EnvironmentFixture.create(kubeconfig, options);
  };
  afterEach(() => fixture.close());
  const patchStable = (patch: object) =>
    fixture.client.mergePatch(deployments, fixture.namespace, 'web', patch, { fieldManager: 'helm' });

  it('makes the canary anew when the chart changes the pods in the middle, and asks the images again', async () => {
    await set({ policy: endless });
    fixture.start();
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary StepInconclusive 1');
    const before = fixture.status(two).acceptance?.template;

    await patchStable({ spec: { template: { metadata: { annotations: { 'checksum/config': 'new' } } } } });
    await fixture.until(two, 'Canary CanaryStarting');
    await fixture.until(two, 'Canary StepInconclusive 1');
    await fixture.eventually('all canary pods are new ones', () =>
      fixture.canaryPods.every(({ metadata }) => metadata.annotations?.['checksum/config'] === 'new'),
    );
    expect(fixture.status(two).acceptance?.template).not.toBe(before);
    await fixture.setPolicy({});
    await fixture.settled(two);
    expect(fixture.stable.spec.template.metadata?.annotations).toMatchObject({ 'checksum/config': 'new' });
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('follows a stable track that is scaled in the middle, and leaves it as many pods as it was given', async () => {
    await set({ policy: { canary: { steps: [{ weight: 50, holdSeconds: 3600 }] } } });
    fixture.start();
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.eventually(
      'there are as many canary pods',
      () => fixture.version(two)?.status?.rollout?.canaryPods === 3,
    );
    for (const replicas of [5, 2]) {
      await patchStable({ spec: { replicas } });
      await fixture.eventually(`the canary has ${replicas} pods in service`, () => {
        const { rollout, weight } = fixture.status(two);
        return rollout?.canaryPods === replicas && rollout.stablePods === replicas && weight === 50;
      });
    }
    await fixture.setPolicy({});
    await fixture.settled(two);
    expect(fixture.stable.spec.replicas).toBe(2);
  });

  it('says what of the environment is missing, and goes on when it is there', async () => {
    await set();
    fixture.start();
    await fixture.client.delete(configMaps, fixture.namespace, 'policy');
    await fixture.client.delete(deployments, fixture.namespace, 'web', { propagationPolicy: 'Background' });
    const one = await fixture.offer('1.0.0');
    await fixture.until(one, 'Pending StableMissing');
    expect(fixture.condition(one, 'Stalled')).toBe('True StableMissing');
    await fixture.createStable();
    await fixture.until(one, 'Pending PolicyMissing');
    await fixture.client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'policy',
        namespace: fixture.namespace,
        labels: { [labels.model]: 'catdog', [labels.role]: 'rollout-policy' },
      },
      data: { 'policy.yaml': 'canary: {steps: [{weight: 500}]}' },
    });
    await fixture.until(one, 'Pending PolicyInvalid');
    expect(fixture.status(one).message).toContain('canary.steps.0.weight');
    await fixture.client.delete(configMaps, fixture.namespace, 'policy');
    await fixture.setPolicy({});
    await fixture.settled(one);
    expect(fixture.condition(one, 'Stalled')).toBeUndefined();
  });

  it('comes to the same end while somebody writes to the same objects all the time', async () => {
    await set();
    const controller = fixture.start();
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    const done = new AbortController();
    const meddle = async () => {
      for (let count = 0; !done.signal.aborted; count += 1) {
        const patch = { metadata: { annotations: { 'somebody/was-here': String(count) } } };
        await fixture.client.mergePatch(modelVersions, fixture.namespace, two, patch);
        await fixture.client.mergePatch(deployments, fixture.namespace, 'web', patch);
        for (const { metadata } of fixture.canaries)
          await fixture.client.mergePatch(deployments, fixture.namespace, metadata.name, patch).catch(() => undefined);
        // Faster, and Kubernetes' own Deployment controller meets a conflict every time and backs off for minutes.
        await pause(1_000);
      }
    };
    const meddling = meddle();
    try {
      await fixture.until(two, 'Serving');
    } finally {
      done.abort();
      await meddling;
    }
    await fixture.settled(two);
    expect(fixture.status(two).verdict?.reason).toBe('StepsCompleted');
    expect(await controller.metric('pawl_controller_reconcile_errors_total', 'unexpected')).toBe(0);
  });

  it.each<[string, object]>([
    ['a phase and a weight', { phase: 'Failed', weight: 1 }],
    // A field that the controller does not have, so that applying its own status leaves it where it is.
    ['a condition of their own', { conditions: [aCondition('Stalled')] }],
    ['nothing at all', {}],
  ])('goes on when somebody overwrote a status with %s', async (_title, change) => {
    await set({ policy: endless });
    fixture.start();
    const one = await fixture.serving();
    const found = await fixture.client.get(modelVersions, fixture.namespace, one);
    // What they write breaks the rules; what the controller makes of it must not.
    const broken = fixture.history.broken.length;
    const written = { ...found!, status: { ...found!.status, ...change } };
    await fixture.client.update(modelVersions, written, { subresource: 'status', fieldManager: 'somebody' });
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary StepInconclusive 1');
    expect(fixture.condition(one, 'Ready')).toBe('True Serving');
    fixture.history.broken.splice(broken);
    await fixture.setPolicy({});
    await fixture.settled(two);
  });

  it('writes nothing when there is nothing to do', async () => {
    await set();
    const controller = fixture.start();
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.settled(two);
    const failed = await fixture.offer('1.2.0', { behaviour: { isWrong: true } });
    await fixture.until(failed, 'Failed');
    await fixture.settled(two);
    await fixture.delete(failed);
    const snapshot = async () => ({
      versions: await fixture.resourceVersions(),
      writes: await controller.metric('pawl_controller_api_request_duration_seconds_count', 'verb="apply"'),
      patches: await controller.metric('pawl_controller_api_request_duration_seconds_count', 'verb="patch"'),
      reconciles: await controller.metric('pawl_controller_reconcile_duration_seconds_count'),
    });
    // Kubernetes' own controllers finish when they come to it: what counts is that there is such a time, and no end to it.
    let before = await snapshot();
    await fixture.eventually('everything stands still for 8 s', async () => {
      const last = before;
      await pause(8_000);
      before = await snapshot();
      return JSON.stringify(last) === JSON.stringify(before);
    });
  });

  it('owns exactly the fields that say where the weights come from, of a Deployment that is not its own', async () => {
    await set({ policy: { artifact: { registryPlainHttp: true } } });
    fixture.start();
    const registry = await startRegistry();
    try {
      const { directory } = await fixture.bundles.write('1.0.0');
      const { uri } = await publishBundle(directory, `oci://${registry.host}/catdog:1.0.0`, { insecureRegistry: true });
      await fixture.settled(await fixture.offer('1.0.0', { artifact: { uri } }));
    } finally {
      await registry.close();
    }
    const template = 'spec.template';
    const env = (containers: string, name: string) => {
      const container = `${template}.spec.${containers}[name=${name}]`;
      return [
        `${container}.name`,
        ...['MODEL_DIGEST', 'MODEL_URI'].flatMap((variable) => [
          `${container}.env[name=${variable}].name`,
          `${container}.env[name=${variable}].value`,
        ]),
      ];
    };
    const found = await fixture.client.get(deployments, fixture.namespace, 'web');
    expect(ownedFields(found!, FIELD_MANAGER)).toEqual(
      [
        `${template}.metadata.annotations.${annotations.digest}`,
        `${template}.metadata.annotations.${annotations.version}`,
        ...env('containers', 'inference'),
        ...env('initContainers', 'fetch-model'),
      ].sort(),
    );
  });

  it('tells in plain words what happens, as events of the version', async () => {
    await set();
    const controller = fixture.start();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', { behaviour: { isWrong: true } });
    await fixture.until(two, 'Failed');
    await fixture.settled(one);
    // It writes what it still has to say before it goes.
    await controller.stop();
    const { items } = await fixture.client.list<(typeof events)['objects'] & object>(events, {
      namespace: fixture.namespace,
      fieldSelector: 'involvedObject.kind=ModelVersion',
    });
    const told = (
      items as unknown as { involvedObject: { name: string }; type: string; reason: string; message: string }[]
    )
      .map(({ involvedObject, type, reason, message }) => [involvedObject.name, type, reason, message].join(' | '))
      .sort();
    expect(told).toEqual(
      expect.arrayContaining([
        `${one} | Normal | Verifying | 1.0.0: The bundle is being fetched and verified`,
        `${one} | Normal | Promoting | 1.0.0: Verified and accepted; no version served here before to compare it with`,
        `${one} | Normal | Serving | 1.0.0: Every stable pod serves it`,
        `${two} | Warning | AcceptanceFailed | 1.1.0: 0 of 3 acceptance images were answered with their label; 3 must be`,
      ]),
    );
    // A sentence each: nobody has to know the code.
    for (const line of told) expect(line).toMatch(/ \| \d\.\d\.\d: [A-Z0-9].{10,}$/);
  });
});
