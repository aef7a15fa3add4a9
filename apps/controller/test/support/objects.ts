import {
  ACCEPTANCE_IMAGES_ROLE,
  labels,
  POLICY_KEY,
  POLICY_ROLE,
  PUBLIC_KEY_KEY,
  STABLE,
} from '@pawl/shared/modelversion/names';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { DesiredObject } from '@pawl/shared/kubernetes/kube-object';
import type { Logger } from '../../src/runtime/logger.ts';

export const MODEL = 'catdog';

/** A part of the policy; lists are whole. */
export type PolicyChange = { readonly [K in keyof RolloutPolicy]?: Partial<RolloutPolicy[K]> };

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The chart's Deployment as far as a rollout needs it, of pods that no scheduler and no kubelet takes. */
export function stableDeployment({
  namespace,
  replicas,
  port,
  progressDeadlineSeconds,
}: {
  namespace: string;
  replicas: number;
  port: number;
  progressDeadlineSeconds: number;
}): DesiredObject {
  const own = { [labels.model]: MODEL, [labels.track]: STABLE };
  const container = { image: 'none.invalid/none', env: [{ name: 'MODEL_NAME', value: MODEL }] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace, labels: own },
    spec: {
      replicas,
      progressDeadlineSeconds,
      selector: { matchLabels: own },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: { ...own, [labels.inService]: 'true' } },
        spec: {
          schedulerName: 'none',
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          initContainers: [{ ...container, name: 'fetch-model' }],
          containers: [{ ...container, name: 'inference', ports: [{ name: 'http', containerPort: port }] }],
        },
      },
    },
  };
}

/** Two short steps; the limits are the usual ones. */
const fastPolicy = {
  canary: {
    steps: [
      { weight: 25, holdSeconds: 0 },
      { weight: 50, holdSeconds: 1 },
    ],
    readyTimeoutSeconds: 60,
  },
  analysis: { intervalSeconds: 1, minRequests: 20, burstSeconds: 2 },
};

/** The environment's ConfigMap; JSON is YAML. An acceptance image is the text of its label. */
export function policyConfigMap(
  namespace: string,
  {
    policy,
    images = { 'cat.1': 'cat', 'cat.2': 'cat', 'dog.1': 'dog' },
    publicKeyPem,
  }: {
    policy: PolicyChange;
    images?: Readonly<Record<string, string>> | undefined;
    publicKeyPem?: string | undefined;
  },
): DesiredObject {
  const whole = {
    ...fastPolicy,
    ...policy,
    canary: { ...fastPolicy.canary, ...policy.canary },
    analysis: { ...fastPolicy.analysis, ...policy.analysis },
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'policy', namespace, labels: { [labels.model]: MODEL, [labels.role]: POLICY_ROLE } },
    data: {
      [POLICY_KEY]: JSON.stringify(whole),
      ...(publicKeyPem !== undefined && { [PUBLIC_KEY_KEY]: publicKeyPem }),
    },
    binaryData: inBase64(images),
  };
}

/** A ConfigMap of acceptance images beside the policy, as an environment's folder in Git makes it. */
export const imagesConfigMap = (
  namespace: string,
  name: string,
  images: Readonly<Record<string, string>>,
): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { [labels.model]: MODEL, [labels.role]: ACCEPTANCE_IMAGES_ROLE } },
  data: { 'NOTICE.md': 'All of them are texts.' },
  binaryData: inBase64(images),
});

const inBase64 = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
