import type { Deployment } from '@pawl/shared/kubernetes/objects';
import {
  artifactOf,
  artifactTemplate,
  canaryDeployment,
  canaryName,
  digestOf,
  stablePatch,
  templateHash,
} from './canary.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aVersion, verified } from './test/builders.ts';

const one = aVersion('1.0.0', verified);
const two = aVersion('1.1.0', (version) => ({
  ...verified(version),
  status: { ...verified(version).status, artifact: { image: 'registry/m@sha256:1' } } as never,
}));

const stable: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'ns',
    uid: 'uid-web',
    labels: { 'pawl.dev/model': 'm', 'pawl.dev/track': 'stable' },
  },
  spec: {
    replicas: 3,
    template: {
      metadata: {
        labels: { app: 'x', 'pawl.dev/model': 'm', 'pawl.dev/track': 'stable', 'pawl.dev/in-service': 'true' },
        annotations: { checksum: '1', 'pawl.dev/digest': aDigest('1.0.0') },
      },
      spec: {
        initContainers: [{ name: 'fetch-model', env: [{ name: 'MODEL_URI', value: 'oci://old' }] }],
        containers: [
          {
            name: 'inference',
            env: [
              { name: 'PORT', value: '8000' },
              { name: 'MODEL_DIGEST', value: aDigest('1.0.0') },
            ],
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          },
        ],
        volumes: [{ name: 'tmp' }],
      },
    },
  },
};
const canary = canaryDeployment(stable, two, { name: 'c', replicas: 2, mount: 'fetch' });

describe('a canary', () => {
  it('is what the stable pods are, with other weights', () => {
    expect(canary.spec.template.spec).toEqual({
      initContainers: [
        {
          name: 'fetch-model',
          env: [
            { name: 'MODEL_URI', value: 'oci://registry.example/m:1.1.0' },
            { name: 'MODEL_DIGEST', value: aDigest('1.1.0') },
          ],
          volumeMounts: [],
        },
      ],
      containers: [
        {
          name: 'inference',
          env: [
            { name: 'PORT', value: '8000' },
            { name: 'MODEL_URI', value: `file:///models/${aDigest('1.1.0').replace(':', '-')}` },
            { name: 'MODEL_DIGEST', value: aDigest('1.1.0') },
          ],
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp' }],
    });
  });

  it('starts without requests from the Service, and is not selected by the stable Deployment', () => {
    expect(canary.spec.template.metadata?.labels).toEqual({
      app: 'x',
      'pawl.dev/model': 'm',
      'pawl.dev/track': 'canary',
      'pawl.dev/model-version': 'm-1.1.0',
    });
  });

  it('goes to the stores as the stable pods do: with their certificates and their proxy', () => {
    const env = [
      { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/pawl/ca/ca.crt' },
      { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
    ];
    const volumeMounts = [{ name: 'trusted-certificates', mountPath: '/etc/pawl/ca', readOnly: true }];
    const volume = { name: 'trusted-certificates', configMap: { name: 'company' } };
    const { spec } = stable.spec.template;
    const behindProxy = {
      ...stable,
      spec: {
        ...stable.spec,
        template: {
          ...stable.spec.template,
          spec: { ...spec, initContainers: [{ name: 'fetch-model', env, volumeMounts }], volumes: [volume] },
        },
      },
    };
    const { template } = canaryDeployment(behindProxy, two, {
      name: 'c',
      replicas: 1,
      mount: 'fetch',
    }).spec;
    expect(template.spec.initContainers).toMatchObject([{ env: expect.arrayContaining(env), volumeMounts }]);
    expect(template.spec.volumes).toEqual([volume]);
  });

  it('is deleted with the stable Deployment, and with nothing else, so that an uninstalled chart leaves none', () => {
    const { name, uid } = stable.metadata;
    expect(uid).toMatch(/./);
    expect(canary.metadata.ownerReferences).toEqual([{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid }]);
  });

  it('has a name that shows its weights, and that is short enough for the names of its pods', () => {
    expect(canaryName('web', aDigest('1.1.0'))).toBe('web-canary-312e312e');
    expect(canaryName('x'.repeat(63), aDigest('1')).length).toBeLessThanOrEqual(47);
  });
});

describe('the template hash', () => {
  it('does not change with the weights', () => {
    const patched = { ...stable.spec.template, ...artifactTemplate(two, 'fetch') };
    expect(templateHash(canary.spec.template)).not.toBe(templateHash(patched));
    const moved = structuredClone(stable.spec.template) as unknown as {
      spec: { containers: { env: { value: string }[] }[] };
    };
    const [container] = moved.spec.containers;
    if (container?.env[1] !== undefined) container.env[1].value = aDigest('9');
    expect(templateHash(moved as never)).toBe(templateHash(stable.spec.template));
  });

  it('changes with anything else', () => {
    const { metadata, spec } = stable.spec.template;
    expect(templateHash({ metadata: { ...metadata, annotations: { checksum: '2' } }, spec })).not.toBe(
      templateHash(stable.spec.template),
    );
  });
});

describe('what the controller applies to the stable Deployment', () => {
  it('is the weights and nothing else', () => {
    expect(stablePatch(stable, one, 'fetch').spec).toEqual({ template: artifactTemplate(one, 'fetch') });
    expect(Object.keys(artifactTemplate(one, 'fetch').spec)).toEqual(['initContainers', 'containers']);
  });

  it('is a volume where bundles are mounted as images', () => {
    expect(artifactTemplate(two, 'image').spec).toEqual({
      containers: [
        {
          name: 'inference',
          env: [
            { name: 'MODEL_URI', value: 'file:///model' },
            { name: 'MODEL_DIGEST', value: aDigest('1.1.0') },
          ],
          volumeMounts: [{ name: 'model', mountPath: '/model', readOnly: true }],
        },
      ],
      volumes: [{ name: 'model', image: { reference: 'registry/m@sha256:1', pullPolicy: 'IfNotPresent' } }],
    });
  });

  it('is recognised when it stands in a template, and other weights are not', () => {
    expect(artifactOf(canary.spec.template)).toBe(artifactOf(artifactTemplate(two, 'fetch')));
    expect(artifactOf(canary.spec.template)).not.toBe(artifactOf(artifactTemplate(one, 'fetch')));
    expect(digestOf(canary.spec.template)).toBe(aDigest('1.1.0'));
  });

  it('names a mounted volume as it is', () => {
    const mounted = aVersion('1.2.0', (version) => ({
      ...version,
      spec: { ...version.spec, artifact: { ...version.spec.artifact, uri: 'file:///mnt/bundle' } },
    }));
    expect(artifactTemplate(mounted, 'fetch').spec.containers[0]?.env?.[0]?.value).toBe('file:///mnt/bundle');
  });
});
