/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Deployment } from '@pawl/shared/kubernetes/objects';
import { eventually } from '@pawl/test-kit/eventually';
import { versionBuilder, withStatus } from '@pawl/test-kit/model-versions';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { parse } from 'yaml';
import { canaryDeployment, stablePatch } from '../../apps/controller/src/model-version/canary.ts';
import { admissionObjects } from './support/admission.ts';
import {
  ARGOCD,
  aPod,
  bare,
  contained,
  foreignKey,
  good,
  key,
  otherKey,
  pinned,
  refusedPods,
  settings,
} from './support/admission-cases.ts';
import { ensureCrd, InstalledRelease, Namespace } from './support/cluster.ts';
import { type KubeObject, merge, render, type Values } from './support/helm.ts';
import { podsOf } from './support/pods-of.ts';
import { DIGEST, OTHER_DIGEST } from './support/releases.ts';

const kubectl = process.env['PAWL_TEST_KUBECTL'] ?? 'kubectl';

const aVersion = versionBuilder({ model: 'catdog', namespace: 'x', createdAt: '2026-11-30T00:00:00Z' });

/** The same rules in both: what differs is where the pod is, and what was there before. */
const SHARED_FROM = 'name: containers';

describe('k8s/admission', () => {
  const policy = (name: string) => readFileSync(inRepository(`k8s/admission/base/${name}.yaml`), 'utf8');

  it('has the same rules for pods and for the Deployments that make them', () => {
    const rules = (name: string) => policy(name).slice(policy(name).indexOf(SHARED_FROM));
    expect(rules('pods').length).toBeGreaterThan(2000);
    expect(rules('deployments')).toBe(rules('pods'));
  });

  it.each(['staging', 'prod'])('holds the namespace of %s, and tells before it refuses', (environment) => {
    const folder = inRepository(`k8s/environments/${environment}`);
    const { namespace } = parse(readFileSync(`${folder}/environment.yaml`, 'utf8')) as { namespace: string };
    const text = readFileSync(inRepository(`k8s/admission/${environment}/settings.yaml`), 'utf8');
    expect((parse(text) as { data: object }).data).toMatchObject({ namespace });
    const bindings = readFileSync(inRepository('k8s/admission/base/bindings.yaml'), 'utf8');
    expect(bindings.match(/validationActions: .*/g)).toEqual(Array(4).fill('validationActions: [Warn, Audit]'));
  });
});

describeWhenSet('KUBECONFIG', 'k8s/admission on a real API server', () => {
  describeWhenSet('PAWL_TEST_HELM', 'with the chart', (helm) => {
    const suffix = `test-${randomBytes(4).toString('hex')}`;
    const namespace = new Namespace();
    const rules = (enforce: boolean) =>
      list(admissionObjects({ kubectl, suffix, settings: { ...settings, namespace: namespace.name }, enforce }));
    const list = (items: readonly KubeObject[]) => ({ apiVersion: 'v1', kind: 'List', items });
    const here = (object: KubeObject) => merge(object, { metadata: { namespace: namespace.name } });
    /** What the API server says to an object that would be written: the refusal, or nothing. */
    const refusal = (object: KubeObject, ...as: string[]) => {
      const args = ['create', '--dry-run=server', '-f', '-', ...as];
      const { code, stderr } = namespace.kubectl(args, here(object));
      return code === 0 ? '' : stderr;
    };
    const asArgocd = ['--as', ARGOCD, '--as-group', 'system:masters'];

    const release = render(helm, good);
    const stable: KubeObject = release.find('Deployment', 'inference');
    const offer = (uri: string, digest = DIGEST): KubeObject => ({
      apiVersion: 'pawl.dev/v1alpha1',
      kind: 'ModelVersion',
      metadata: { name: 'catdog-1-1-0' },
      spec: { model: 'catdog', version: '1.1.0', artifact: { uri, digest } },
    });

    // From before the policies: they must not stand in its way.
    const olderPod = aPod(
      { containers: [contained({ image: 'registry.example/old:1' })], nodeSelector: { 'pawl.dev/test': 'nowhere' } },
      'older',
    );
    const older = merge(stable, {
      metadata: { name: 'older' },
      spec: {
        replicas: 0,
        template: { spec: { containers: [contained({ image: 'registry.example/old:1' })], initContainers: [] } },
      },
    });
    const olderVersion = merge(offer('oci://elsewhere.example/catdog:1'), { metadata: { name: 'older' } });

    beforeAll(async () => {
      namespace.create();
      ensureCrd(namespace, render(helm).find('CustomResourceDefinition'));
      await eventually('the CRD', () => namespace.kubectl(['get', 'modelversions']).code === 0);
      namespace.must(['create', '-f', '-'], list([olderPod, older, olderVersion].map(here)));
      namespace.must(['apply', '--server-side', '-f', '-'], rules(true));
      // Policies and bindings reach the API server's own watch one after the other.
      const probes = [
        offer('oci://elsewhere.example/x:1'),
        aPod({ containers: [contained({ image: 'x:1' })] }),
        merge(stable, { spec: { template: { spec: { containers: [contained({ image: 'x:1' })] } } } }),
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a-key' }, data: { 'public-key.pem': 'x' } },
      ];
      for (const probe of probes)
        await eventually('a policy to hold', () => refusal(probe).includes(suffix), { everyMs: 200 });
    }, 120_000);
    afterAll(() => {
      namespace.kubectl(['delete', '-f', '-', '--wait=false', '--ignore-not-found'], rules(true));
      namespace.delete();
    });

    it('has no expression that the API server warns of, by the types of what it looks at', async () => {
      for (const policy of ['weights', 'rollout-policies', 'pods', 'deployments']) {
        const { status } = await eventually(`the types of pawl-${policy}`, () => {
          const found = namespace.get('validatingadmissionpolicy', `pawl-${policy}-${suffix}`);
          return found.status?.observedGeneration === found.metadata.generation ? found : undefined;
        });
        expect([policy, status.typeChecking?.expressionWarnings ?? []]).toEqual([policy, []]);
      }
    });

    describe('weights', () => {
      it.each([
        pinned,
        `oci://registry.example/models@${DIGEST}`,
        `oci://registry.example/models/of/cats@${DIGEST}`,
        's3://models/pets/catdog/1.1.0',
        'file:///mnt/models/catdog',
      ])('admits %s from Argo CD', (uri) => {
        expect(refusal(offer(uri), ...asArgocd)).toBe('');
      });

      it.each([
        [
          'a tag that may move',
          'oci://registry.example/models/catdog:1.1.0',
          /whose tag may move; expected oci:\/\/…@sha256/,
        ],
        [
          'another registry',
          `oci://elsewhere.example/models/catdog@${DIGEST}`,
          /weights from oci:\/\/elsewhere.*expected one of: oci:\/\/registry/,
        ],
        ['another port', `oci://registry.example:5000/models/catdog@${DIGEST}`, /are not admitted here/],
        ['a neighbour by name', `oci://registry.example/models-of-others/catdog@${DIGEST}`, /are not admitted here/],
        ['a step up', `oci://registry.example/models/../others@${DIGEST}`, /are not admitted here/],
        ['a part without a name', `oci://registry.example/models//catdog@${DIGEST}`, /are not admitted here/],
        ['a hidden separator', 's3://models/pets/%2e%2e/others', /are not admitted here/],
        ['a user of another host', 's3://models/pets@evil', /are not admitted here/],
      ])('refuses %s', (_, uri, message) => {
        expect(refusal(offer(uri), ...asArgocd)).toMatch(message);
      });

      it('refuses who is not on the list, and says how to offer', () => {
        expect(refusal(offer(pinned))).toMatch(
          new RegExp(`are not offered by .*expected one of: ${ARGOCD}.*pawl release.*offeredBy`),
        );
      });

      it('leaves a version from before alone: annotations, suspending, status and deletion', () => {
        namespace.must(['annotate', 'mv', 'older', 'pawl.dev/abort=now']);
        namespace.must(['patch', 'mv', 'older', '--type=merge', '-p', '{"spec":{"suspend":true}}']);
        const status = { observedGeneration: 1, phase: 'Pending', weight: 0, message: '', conditions: [] };
        namespace.must([
          ...['patch', 'mv', 'older', '--type=merge', '--subresource=status', '-p', JSON.stringify({ status })],
        ]);
        namespace.must(['delete', 'mv', 'older']);
      });
    });

    describe('public keys', () => {
      const policyWith = (values: Values) => render(helm, merge(good, values)).find('ConfigMap');
      const config = (fields: object) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'mine' },
        ...fields,
      });

      const raw = (pem: string) => config({ data: { 'public-key.pem': pem } });

      it.each([
        ['one of them', policyWith({})],
        ['two of them, with text between', policyWith({ publicKey: `# CI\n${otherKey}\n# release\n${key}` })],
        ['other line ends', policyWith({ publicKey: key.replaceAll('\n', '\r\n') })],
        ['a ConfigMap that has nothing to do with it', config({ data: { a: 'b' } })],
      ])('admits %s', (_, object) => {
        expect(refusal(object)).toBe('');
      });

      it.each([
        ['none', policyWith({ publicKey: '' }), /has no public key, so unsigned weights would be served.*publicKey/],
        ['a foreign one', policyWith({ publicKey: foreignKey }), /a key that the platform does not trust.*publicKeys/],
        ['a foreign one behind one of them', policyWith({ publicKey: key + foreignKey }), /does not trust/],
        ['a block of another name', raw(key + foreignKey.replaceAll('PUBLIC', 'EC PUBLIC')), /does not trust/],
        ['a block without its end', raw(key + foreignKey.slice(0, 60)), /does not trust/],
        ['a foreign one for pods to mount', raw(foreignKey), /does not trust/],
        [
          'one in binaryData',
          config({ binaryData: { 'public-key.pem': Buffer.from(key).toString('base64') } }),
          /no public key/,
        ],
      ])('refuses %s', (_, object, message) => {
        expect(refusal(object)).toMatch(message);
      });
    });

    describe('pods', () => {
      const version = aVersion('1.1.0', (plain) => ({
        ...plain,
        spec: { ...plain.spec, artifact: { uri: pinned, digest: DIGEST } },
      }));
      const mounted = withStatus({
        artifact: {
          digest: DIGEST,
          version: '1.1.0',
          sizeBytes: 1,
          signed: true,
          verifiedAt: '2026-11-30T00:00:00Z',
          image: pinned.slice(6),
        },
      })(version);
      const owned = merge(stable, {
        metadata: { uid: 'c0ffee00-0000-4000-8000-000000000000' },
      }) as KubeObject as Deployment;

      it('admits every object and pod of the chart', () => {
        // The smoke test's own ServiceAccount is not there; `podsOf` gives its pod another one.
        for (const object of [...release.objects.filter(({ kind }) => kind !== 'Pod'), ...podsOf(release.objects)])
          expect([object.kind, object.metadata.name, refusal(object)]).toEqual([object.kind, object.metadata.name, '']);
      });

      it.each([
        ['fetch', version],
        ['image', mounted],
      ] as const)('admits what the controller makes of signed weights: %s', (mount, of) => {
        const canary = canaryDeployment(owned, of, { name: 'canary', replicas: 1, mount });
        expect(refusal(canary)).toBe('');
        expect(podsOf([canary]).map((pod) => refusal(pod))).toEqual(['']);
        const promoted = merge(stable, { metadata: { name: 'promoted' }, spec: { replicas: 0 } });
        namespace.must(['create', '-f', '-'], here(promoted));
        const patch: KubeObject = stablePatch(owned, of, mount);
        namespace.applyAs('pawl-controller', here(merge(patch, { metadata: { name: 'promoted' } })));
        const { spec } = namespace.get('deployment', 'promoted');
        expect(spec.template.metadata.annotations['pawl.dev/digest']).toBe(DIGEST);
        namespace.must(['delete', 'deployment', 'promoted']);
      });

      it.each(refusedPods(helm))('refuses %s', (_, pod, message) => {
        expect(refusal(pod)).toMatch(message);
        // A Deployment of such pods is refused for the same reason, before there is a pod.
        const labels = { a: 'b', ...pod.metadata.labels };
        const deployment = {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'made-of-it' },
          spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels }, spec: pod.spec } },
        };
        expect(refusal(deployment)).toMatch(message);
      });

      it('holds a pod from before only by what is new in it', () => {
        namespace.must(['label', 'pod', 'older', 'pawl.dev/in-service=true']);
        const patch = (args: readonly string[], change: object) =>
          namespace.kubectl([
            'patch',
            'pod',
            'older',
            ...args,
            '--type=strategic',
            '-p',
            JSON.stringify({ spec: change }),
          ]);
        const debug = (of: string) =>
          patch(['--subresource=ephemeralcontainers'], {
            ephemeralContainers: [contained({ name: 'debug', image: of })],
          });
        expect(debug('busybox:1').stderr).toContain('images are not admitted here: busybox:1;');
        expect(debug(bare.image).code).toBe(0);
        expect(patch([], { containers: [{ name: 'main', image: 'x:2' }] }).stderr).toContain('not admitted here: x:2;');
        namespace.must(['delete', 'pod', 'older', '--grace-period=0', '--force']);
      });

      it('holds a Deployment from before only where its pods change', () => {
        namespace.must(['annotate', 'deployment', 'older', 'deployment.kubernetes.io/revision=7', '--overwrite']);
        namespace.must(['scale', 'deployment', 'older', '--replicas=0']);
        expect(namespace.kubectl(['rollout', 'restart', 'deployment/older']).stderr).toContain('old:1;');
        namespace.must(['delete', 'deployment', 'older']);
      });
    });

    it('lets helm install, upgrade and uninstall what is admitted, and no upgrade to a tag', () => {
      const installed = new InstalledRelease(helm, namespace);
      installed.install({ ...good, replicaCount: 0 });
      installed.upgrade({ ...good, replicaCount: 0, image: { ...good.image, digest: OTHER_DIGEST } });
      const refused = installed.helm(['upgrade', 'pets', inRepository('charts/pawl')], {
        ...good,
        image: { repository: good.image.repository, tag: '1' },
      });
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('Set image.digest')]);
      installed.must(['uninstall', 'pets']);
    }, 120_000);

    // Last: from here on nothing is refused.
    it('only warns before it is told to enforce', async () => {
      namespace.must(['apply', '--server-side', '-f', '-'], rules(false));
      const warned = await eventually('warnings in place of refusals', () => {
        const { code, stderr } = namespace.kubectl(
          ['create', '--dry-run=server', '-f', '-'],
          here(offer('oci://x.example/y:1')),
        );
        return code === 0 ? stderr : undefined;
      });
      expect(warned).toMatch(
        /Warning: Validation failed for ValidatingAdmissionPolicy 'pawl-weights-.*weights from oci:\/\/x\.example\/y/,
      );
    });
  });
});
