/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { generateKeyPairSync } from 'node:crypto';
import type { AdmissionSettings } from './admission.ts';
import { type KubeObject, merge, render } from './helm.ts';
import { podsOf } from './pods-of.ts';
import { DIGEST, OTHER_DIGEST } from './releases.ts';

/** Who offers versions. */
export const ARGOCD = 'system:serviceaccount:argocd:argocd-application-controller';

const newKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }) as string;
/** PEM: two that the platform trusts, and one that it does not. */
export const [key, otherKey, foreignKey] = [newKey(), newKey(), newKey()];

/** What the platform admits in these tests. */
export const settings: Omit<AdmissionSettings, 'namespace'> = {
  images: ['registry.example/pawl-inference', 'registry.example:5000/pawl-controller'],
  weights: ['oci://registry.example/models', 's3://models/pets', 'file:///mnt/models'],
  offeredBy: [ARGOCD],
  publicKeys: `# release\n${key}\n# CI\n${otherKey}`,
};

/** Values of a release that is admitted. */
export const good = {
  image: { repository: 'registry.example/pawl-inference', digest: DIGEST },
  controller: { image: { repository: 'registry.example:5000/pawl-controller', digest: OTHER_DIGEST } },
  publicKey: key,
  crds: { install: false },
};

/** An address of weights that is admitted. */
export const pinned = `oci://registry.example/models/catdog:1.1.0@${DIGEST}`;

/** An image that is admitted. */
export const bare = { image: `registry.example/pawl-inference@${DIGEST}` };

/** A container that PodSecurity `restricted` admits. */
export const contained = (container: object) => ({
  name: 'main',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  ...container,
});

/** A pod of no model. */
export const aPod = (spec: object, name = 'a-pod'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    ...spec,
  },
});

/** Pods that are refused, each with what it is and the words of the rule. */
export function refusedPods(helm: string): [string, KubeObject, RegExp][] {
  const [stablePod] = podsOf([render(helm, good).find('Deployment', 'inference')]);
  const withEnv = (name: string, env: readonly object[]) => aPod({ containers: [contained({ ...bare, name, env })] });
  const image = (reference: string) =>
    aPod({ containers: [contained(bare)], volumes: [{ name: 'm', image: { reference } }] });
  const unverified = (change: (pod: KubeObject) => void): KubeObject => {
    const pod = structuredClone(stablePod);
    change(pod);
    return pod;
  };
  return [
    [
      'a tag',
      aPod({ containers: [contained({ image: 'registry.example/pawl-inference:1' })] }),
      /registry.example\/pawl-inference:1; expected NAME@sha256:….*image.digest/,
    ],
    [
      'another repository',
      aPod({ containers: [contained({ image: `registry.example/other@${DIGEST}` })] }),
      /images are not admitted here: registry.example\/other@/,
    ],
    [
      'a repository below',
      aPod({ containers: [contained({ image: `registry.example/pawl-inference/x@${DIGEST}` })] }),
      /images are not admitted/,
    ],
    [
      'an init container',
      aPod({ containers: [contained(bare)], initContainers: [contained({ name: 'i', image: 'x:1' })] }),
      /images are not admitted here: x:1/,
    ],
    [
      'a weights volume by tag',
      image('registry.example/models/catdog:1'),
      /weights are not admitted here: registry.example\/models\/catdog:1;.*ModelVersion/,
    ],
    ['a weights volume from elsewhere', image(`registry.example/pawl-inference@${DIGEST}`), /weights are not admitted/],
    ['a fetch without a digest', withEnv('f', [{ name: 'MODEL_URI', value: pinned }]), /MODEL_URI of f; expected/],
    [
      'a fetch from elsewhere',
      withEnv('f', [
        { name: 'MODEL_URI', value: `oci://evil.example/x@${DIGEST}` },
        { name: 'MODEL_DIGEST', value: DIGEST },
      ]),
      /MODEL_URI of f/,
    ],
    [
      'a fetch from a Secret',
      withEnv('f', [
        { name: 'MODEL_URI', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'MODEL_DIGEST', value: DIGEST },
      ]),
      /MODEL_URI of f/,
    ],
    [
      'pods of a model without the key',
      podsOf([render(helm, merge(good, { publicKey: '' })).find('Deployment', 'inference')])[0],
      /the pods of the model catdog do not verify signatures.*publicKey/,
    ],
    [
      'a verifier without the variable',
      unverified((pod) => {
        pod.spec.initContainers[0].env = [];
      }),
      /do not verify/,
    ],
    [
      'a variable twice',
      unverified((pod) => {
        pod.spec.containers[0].env.push({ name: 'MODEL_PUBLIC_KEY_FILE', value: '/tmp/x' });
      }),
      /do not verify/,
    ],
    [
      'another file over the key',
      unverified((pod) => {
        pod.spec.containers[0].volumeMounts.push({
          name: 'tmp',
          mountPath: '/etc/pawl/key/public-key.pem',
          subPath: 'x',
        });
      }),
      /do not verify/,
    ],
    [
      'another key of the ConfigMap',
      unverified((pod) => {
        pod.spec.volumes.find((v: KubeObject) => v.name === 'public-key').configMap.items[0].key = 'other';
      }),
      /do not verify/,
    ],
  ];
}
