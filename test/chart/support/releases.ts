/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { parse } from 'yaml';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { KubeObject, Rendered, Values } from './helm.ts';

export const DIGEST = `sha256:${'ab'.repeat(32)}`;
export const OTHER_DIGEST = `sha256:${'cd'.repeat(32)}`;

/** Values of a release without the controller. */
export const standalone: Values = {
  controller: { enabled: false },
  model: { uri: 'oci://registry.example/pets:1.2.3', digest: DIGEST, version: '1.2.3' },
};
export const aKey = '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n';
export const aGateway: Values = {
  gateway: {
    enabled: true,
    parentRefs: [{ name: 'public', namespace: 'ingress', sectionName: 'web' }],
    hostnames: ['pets.example'],
  },
};

/** The rollout policy that a release has. */
export function policyOf(rendered: Rendered): RolloutPolicy & Record<string, unknown> {
  return parse(rendered.find('ConfigMap').data['policy.yaml']) as RolloutPolicy & Record<string, unknown>;
}

/** Names of containers, mounts and the like. */
export const names = (list: KubeObject): string[] => (list ?? []).map((entry: KubeObject) => entry.name);
/** A volume of the stable pods. */
export const volume = (rendered: Rendered, name: string): KubeObject =>
  rendered.pod.spec.volumes.find((entry: KubeObject) => entry.name === name);
