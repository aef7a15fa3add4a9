/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import type { Published } from '@pawl/shared/bundle/publish-bundle';
import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { Namespace, publishCatdog, InstalledRelease, testValues } from './support/cluster.ts';
import { environmentOf, type KubeObject, merge, type Values } from './support/helm.ts';

const inferenceImage = process.env['PAWL_TEST_INFERENCE_IMAGE'] ?? '';
const registry = process.env['PAWL_TEST_REGISTRY'] ?? '';

/** Each question is a process. */
const until = (what: string, isTrue: () => boolean) => eventually(what, isTrue, { timeoutMs: 240_000, everyMs: 500 });

/** 3 or 4. */
const helmVersion = (release: InstalledRelease): number =>
  Number(/v(\d)/.exec(release.must(['version', '--short']))?.[1]);

function lifecycle(helm: string): void {
  const namespace = new Namespace();
  const release = new InstalledRelease(helm, namespace);
  let model: Published;
  const values = (changes: Values = {}): Values =>
    merge(
      merge(testValues(inferenceImage), {
        controller: { enabled: false },
        model: { uri: model.uri, digest: model.digest, version: '2.1.0' },
      }),
      changes,
    );
  const deployment = () => namespace.get('deployment', 'pets-pawl');
  const pods = () => namespace.get('pods', '-l', 'pawl.dev/model=catdog').items as KubeObject[];

  beforeAll(async () => {
    namespace.create();
    model = await publishCatdog(registry);
  });
  afterAll(() => {
    namespace.delete();
  });

  // One release through its life: each test begins where the one before it ended.
  it('installs: the model of the registry answers', () => {
    release.install(values(), '--wait', '--timeout', '300s');
    expect(deployment().status).toMatchObject({ readyReplicas: 1, updatedReplicas: 1 });
    const [pod] = pods();
    expect(pod.status.initContainerStatuses[0].state.terminated).toMatchObject({ exitCode: 0 });
    const answered = namespace.must(['logs', pod.metadata.name, '-c', 'fetch-model']);
    expect(JSON.parse(answered)).toMatchObject({ code: 'FETCHED', digest: model.digest, version: '2.1.0' });
  }, 600_000);

  // Helm 3 deletes the pod before it reads the log.
  const smokeTest = () => release.must(['test', 'pets', ...(helmVersion(release) >= 4 ? ['--logs'] : [])]);
  const passed = () =>
    helmVersion(release) >= 4 ? /model_loaded true[^]*"label":"cat"[^]*"label":"dog"[^]*passed/ : /Phase: +Succeeded/;

  it('passes its smoke test', () => {
    expect(smokeTest()).toMatch(passed());
  }, 600_000);

  it('keeps its record far below the size of a Secret', () => {
    for (const secret of namespace.get('secrets', '-l', 'owner=helm').items)
      expect(Buffer.from(secret.data.release, 'base64').length).toBeLessThan(700_000);
  });

  it('upgrades: more pods, the old ones undisturbed', () => {
    const [before] = pods();
    release.upgrade(values({ replicaCount: 2 }), '--wait', '--timeout', '300s');
    expect(deployment().status).toMatchObject({ readyReplicas: 2, updatedReplicas: 2 });
    expect(pods().map((pod) => pod.metadata.uid as string)).toContain(before.metadata.uid);
  }, 600_000);

  it('keeps serving when an upgrade names a model that there is not, and says why', async () => {
    const digest = `sha256:${'00'.repeat(32)}`;
    release.upgrade(values({ replicaCount: 2, model: { digest, version: '2.1.0' } }));
    const reasons = () =>
      pods()
        .flatMap((pod) => pod.status.initContainerStatuses ?? [])
        .map(
          (status: KubeObject) =>
            (status.state.terminated ?? status.lastState.terminated)?.message as string | undefined,
        );
    await until('the init container says why', () =>
      reasons().some((reason) => /^BUNDLE_DIGEST_MISMATCH: /.test(reason ?? '')),
    );
    expect(pods().filter((pod) => pod.metadata.annotations['pawl.dev/digest'] === model.digest)).toHaveLength(2);
    // A probe may fail once on a busy machine; pods that were taken away do not come back.
    await until('both are available', () => deployment().status.availableReplicas === 2);
  }, 600_000);

  it('rolls back to the model before', () => {
    release.must(['rollback', 'pets', '2', '--wait', '--timeout', '300s']);
    namespace.rolledOut('pets-pawl');
    const { template } = deployment().spec;
    expect(environmentOf(template.spec.containers[0])['MODEL_DIGEST']).toBe(model.digest);
    expect(template.metadata.annotations['pawl.dev/version']).toBe('2.1.0');
    expect(release.must(['history', 'pets'])).toMatch(/4.*deployed.*Rollback to 2/);
  }, 600_000);

  it('serves the same bundle as an image volume', () => {
    const image = values({ rollout: { artifact: { mount: 'image' } } });
    release.upgrade(image, '--wait', '--timeout', '300s');
    namespace.rolledOut('pets-pawl');
    const template = deployment().spec.template.spec;
    expect(template.volumes).toContainEqual(
      expect.objectContaining({ name: 'model', image: expect.objectContaining({}) }),
    );
    expect(smokeTest()).toMatch(passed());
  }, 600_000);

  it('goes without a trace', async () => {
    release.must(['uninstall', 'pets', '--wait', '--timeout', '300s']);
    const kinds = 'all,configmaps,secrets,serviceaccounts,poddisruptionbudgets,roles,rolebindings';
    await until(
      'nothing is left',
      () => namespace.get(kinds, '-l', 'app.kubernetes.io/instance=pets').items.length === 0,
    );
    expect(namespace.get('secrets', '-l', 'owner=helm').items).toEqual([]);
  }, 600_000);
}

/** What the controller applies to the stable Deployment, in each mode. */
const controllersFields = {
  fetch: (version: string): KubeObject => ({
    metadata: { annotations: { 'pawl.dev/digest': `sha256:${'ab'.repeat(32)}`, 'pawl.dev/version': version } },
    spec: {
      initContainers: [{ name: 'fetch-model', env: modelEnv('oci://registry.invalid/catdog:1') }],
      containers: [{ name: 'inference', env: modelEnv(`file:///models/sha256-${'ab'.repeat(32)}`) }],
    },
  }),
  image: (version: string): KubeObject => ({
    metadata: { annotations: { 'pawl.dev/digest': `sha256:${'ab'.repeat(32)}`, 'pawl.dev/version': version } },
    spec: {
      containers: [
        {
          name: 'inference',
          env: modelEnv('file:///model'),
          volumeMounts: [{ name: 'model', mountPath: '/model', readOnly: true }],
        },
      ],
      volumes: [{ name: 'model', image: { reference: `registry.invalid/catdog@sha256:${'cd'.repeat(32)}` } }],
    },
  }),
};
const modelEnv = (uri: string) => [
  { name: 'MODEL_URI', value: uri },
  { name: 'MODEL_DIGEST', value: `sha256:${'ab'.repeat(32)}` },
];

function ownership(helm: string): void {
  const namespace = new Namespace();
  const release = new InstalledRelease(helm, namespace);
  // No pods: what is looked at are the fields.
  const values = (changes: Values = {}): Values =>
    merge(merge(testValues('pawl-inference:one'), { replicaCount: 0, controller: { install: false } }), changes);
  const template = () => namespace.get('deployment', 'pets-pawl').spec.template;
  const applied = (fields: KubeObject) => {
    const { containers, initContainers = [{ env: [] }], volumes = [] } = fields.spec;
    const actual = template();
    expect(actual.metadata.annotations).toEqual(fields.metadata.annotations);
    expect(actual.spec.containers[0].env).toEqual(expect.arrayContaining(containers[0].env));
    expect(actual.spec.initContainers[0].env).toEqual(expect.arrayContaining(initContainers[0].env));
    expect(actual.spec.volumes).toEqual(
      expect.arrayContaining(volumes.map((one: KubeObject) => expect.objectContaining({ name: one.name }))),
    );
    expect(actual.spec.containers[0].volumeMounts).toEqual(expect.arrayContaining(containers[0].volumeMounts ?? []));
  };
  const apply = (fields: KubeObject) => {
    namespace.applyAs('pawl-controller', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'pets-pawl' },
      spec: { template: fields },
    });
  };

  beforeAll(() => {
    namespace.create();
    release.install(values());
    apply(controllersFields.fetch('2.1.0'));
  });
  afterAll(() => {
    namespace.delete();
  });

  it('does not share a field', () => {
    applied(controllersFields.fetch('2.1.0'));
    const managers = namespace.get('deployment', 'pets-pawl', '--show-managed-fields').metadata
      .managedFields as KubeObject[];
    const owned = (manager: (name: string) => boolean) =>
      managers
        .filter((entry) => manager(entry.manager as string))
        .map((entry) => JSON.stringify(entry.fieldsV1))
        .join('');
    const model = /k:\{\\"name\\":\\"MODEL_(URI|DIGEST)\\"\}|pawl\.dev\/(digest|version)/;
    expect(owned((name) => name === 'pawl-controller')).toMatch(model);
    expect(owned((name) => name.startsWith('helm'))).toMatch(/DRAIN_DELAY_MS/);
    expect(owned((name) => name.startsWith('helm'))).not.toMatch(model);
  });

  it.each<[string, Values]>([
    ['the same values', {}],
    ['another image', { image: { tag: 'two' } }],
    ['more environment', { env: [{ name: 'WORKERS', value: '2' }], podLabels: { team: 'x' } }],
    [
      'a public key, which brings a volume',
      { publicKey: '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n' },
    ],
    ['everything of it taken back', {}],
  ])(
    'survives helm upgrade with %s',
    (_, changes) => {
      release.upgrade(values(changes));
      applied(controllersFields.fetch('2.1.0'));
      const image = (changes['image'] as Values | undefined)?.['tag'] as string | undefined;
      expect(template().spec.containers[0].image).toBe(`pawl-inference:${image ?? 'one'}`);
    },
    600_000,
  );

  it('survives helm rollback', () => {
    release.must(['rollback', 'pets', '3']);
    expect(template().spec.containers[0].image).toBe('pawl-inference:two');
    applied(controllersFields.fetch('2.1.0'));
  }, 600_000);

  it('survives a change of artifact.mount, there and back', () => {
    for (const mount of ['image', 'fetch'] as const) {
      release.upgrade(values({ rollout: { artifact: { mount } } }));
      apply(controllersFields[mount]('1.1.0'));
      release.upgrade(values({ rollout: { artifact: { mount } }, image: { tag: mount } }));
      applied(controllersFields[mount]('1.1.0'));
    }
    expect(template().spec.volumes.map((volume: KubeObject) => volume.name as string)).not.toContain('model');
  }, 600_000);

  it('gives the fields to the chart when the controller is switched off', () => {
    const model = { uri: 'oci://registry.invalid/catdog:9', digest: `sha256:${'ef'.repeat(32)}`, version: '9.0.0' };
    const off = values({ controller: { enabled: false }, model });
    // Helm 4 asks before it takes a field from another owner; Helm 3 does not know owners.
    const isHelm4 = helmVersion(release) >= 4;
    if (isHelm4) expect(release.helm(['upgrade', 'pets', 'charts/pawl'], off).stderr).toMatch(/conflict/);
    release.upgrade(off, ...(isHelm4 ? ['--force-conflicts'] : []));
    expect(environmentOf(template().spec.initContainers[0])).toMatchObject({
      MODEL_URI: model.uri,
      MODEL_DIGEST: model.digest,
    });
    expect(template().metadata.annotations).toMatchObject({ 'pawl.dev/version': '9.0.0' });
  }, 600_000);
}

describeWhenSet('KUBECONFIG', 'a release', () => {
  for (const [variable, title] of [
    ['PAWL_TEST_HELM', 'by Helm 4'],
    ['PAWL_TEST_HELM3', 'by Helm 3'],
  ] as const)
    describeWhenSet(variable, title, (helm) => {
      describeWhenSet('PAWL_TEST_INFERENCE_IMAGE', 'lives', () => {
        describeWhenSet('PAWL_TEST_REGISTRY', 'with a model from a registry', () => {
          lifecycle(helm);
        });
      });
      describe('and what the controller set', () => {
        ownership(helm);
      });
    });
});
