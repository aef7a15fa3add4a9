import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes, folderOfDigest } from '@pawl/shared/bundle/digest';
import {
  annotations,
  CANARY,
  FETCH_CONTAINER,
  INFERENCE_CONTAINER,
  labels,
  MODEL_CACHE_PATH,
  MODEL_IMAGE_PATH,
  MODEL_VOLUME,
} from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { OwnerReference } from '@pawl/shared/kubernetes/kube-object';
import type { Container, Deployment, PodTemplate } from '@pawl/shared/kubernetes/objects';

/** How pods get a bundle. */
type Mount = RolloutPolicy['artifact']['mount'];

const MODEL_ENV = ['MODEL_URI', 'MODEL_DIGEST'];
/** Room that a Deployment's name leaves for its pods' names, of 63 characters. */
const NAME_ROOM = 46;

/** The canary of some weights beside a stable Deployment; the same for the same weights. */
export const canaryName = (stable: string, digest: string): string =>
  `${stable.slice(0, NAME_ROOM - 16)}-canary-${digest.slice('sha256:'.length, 'sha256:'.length + 8)}`;

/**
 * The part of a pod template that says which weights its pods serve: exactly the fields that the controller owns in the
 * stable Deployment.
 */
export function artifactTemplate(version: ModelVersion, mount: Mount): PodTemplate {
  const { uri, digest } = version.spec.artifact;
  const metadata = { annotations: { [annotations.digest]: digest, [annotations.version]: version.spec.version } };
  const inference = (address: string): Container => ({ name: INFERENCE_CONTAINER, env: env(address, digest) });
  // A mounted volume is where it is.
  if (uri.startsWith('file://')) return { metadata, spec: { containers: [inference(uri)] } };
  if (mount === 'fetch')
    return {
      metadata,
      spec: {
        initContainers: [{ name: FETCH_CONTAINER, env: env(uri, digest) }],
        containers: [inference(`file://${MODEL_CACHE_PATH}/${folderOfDigest(digest)}`)],
      },
    };
  return {
    metadata,
    spec: {
      containers: [
        {
          ...inference(`file://${MODEL_IMAGE_PATH}`),
          volumeMounts: [{ name: MODEL_VOLUME, mountPath: MODEL_IMAGE_PATH, readOnly: true }],
        },
      ],
      volumes: [
        { name: MODEL_VOLUME, image: { reference: version.status?.artifact?.image ?? '', pullPolicy: 'IfNotPresent' } },
      ],
    },
  };
}

const env = (uri: string, digest: string) => [
  { name: 'MODEL_URI', value: uri },
  { name: 'MODEL_DIGEST', value: digest },
];

/** The stable Deployment as the controller applies it: only the fields that it owns. */
export function stablePatch(stable: Deployment, version: ModelVersion, mount: Mount): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: stable.metadata.name, namespace: stable.metadata.namespace },
    spec: { template: artifactTemplate(version, mount) },
  };
}

/** A pod template without the fields that the controller sets: what the chart, Helm and people wrote. */
function withoutArtifact(template: PodTemplate): PodTemplate {
  const strip = (container: Container): Container => ({
    ...container,
    env: (container.env ?? []).filter(({ name }) => !MODEL_ENV.includes(name)),
    volumeMounts: (container.volumeMounts ?? []).filter(({ name }) => name !== MODEL_VOLUME),
  });
  return {
    metadata: {
      ...template.metadata,
      annotations: without(template.metadata?.annotations, annotations.digest, annotations.version),
    },
    spec: {
      ...template.spec,
      initContainers: (template.spec.initContainers ?? []).map(strip),
      containers: template.spec.containers.map(strip),
      volumes: (template.spec.volumes ?? []).filter(({ name }) => name !== MODEL_VOLUME),
    },
  };
}

/** How the pods of a template get their weights. */
export const mountOf = ({ spec }: PodTemplate): Mount =>
  spec.volumes?.some(({ name, image }) => name === MODEL_VOLUME && image !== undefined) === true ? 'image' : 'fetch';

/**
 * The weights that a pod template asks for, to compare: two templates with the same text start pods in the same way with
 * the same weights.
 */
export function artifactOf(template: PodTemplate): string {
  const of = (containers: readonly Container[] | undefined, container: string) =>
    MODEL_ENV.map((variable) => valueOf(containers, container, variable) ?? '');
  const volume = template.spec.volumes?.find(({ name }) => name === MODEL_VOLUME);
  return JSON.stringify([
    of(template.spec.initContainers, FETCH_CONTAINER),
    of(template.spec.containers, INFERENCE_CONTAINER),
    volume?.image?.reference ?? '',
  ]);
}

/** Digest that a pod template asks for; undefined before the first version. */
export const digestOf = (template: PodTemplate): string | undefined =>
  valueOf(template.spec.containers, INFERENCE_CONTAINER, 'MODEL_DIGEST');

const valueOf = (containers: readonly Container[] | undefined, container: string, variable: string) =>
  containers?.find(({ name }) => name === container)?.env?.find(({ name }) => name === variable)?.value;

const without = (values: Readonly<Record<string, string>> | undefined, ...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(values ?? {}).filter(([key]) => !keys.includes(key)));

/** Labels without those by which Argo CD would take the canary for an object of Git. */
const withoutTracking = (labels: Readonly<Record<string, string>> | undefined) =>
  Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => !key.startsWith('argocd.argoproj.io/')));

/** Hash of {@link withoutArtifact}: changes when the chart changes the pods, not when the weights do. */
export function templateHash(template: PodTemplate): string {
  const digest = digestOfBytes(Buffer.from(canonicalJson(withoutArtifact(template))));
  return digest.slice('sha256:'.length, 'sha256:'.length + 16);
}

/**
 * The stable Deployment as the owner of its canary: what deletes the one deletes the other, `helm uninstall` too. It is the
 * only owner, because Kubernetes deletes what has two when both are gone (docs/decisions/0008).
 */
export const ownerOf = ({ metadata }: Deployment): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: metadata.name,
  uid: metadata.uid ?? '',
});

/**
 * The canary Deployment of a version: the stable pods with other weights. The Service selects its pods only when they
 * are admitted, one by one.
 */
export function canaryDeployment(
  stable: Deployment,
  version: ModelVersion,
  { name, replicas, mount }: { name: string; replicas: number; mount: Mount },
): Deployment {
  const template = withoutArtifact(stable.spec.template);
  const weights = artifactTemplate(version, mount);
  const own = {
    [labels.model]: version.spec.model,
    [labels.track]: CANARY,
    [labels.modelVersion]: version.metadata.name,
  };
  const hash = templateHash(stable.spec.template);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace: stable.metadata.namespace,
      // Admission rules require of every Deployment what they require of the stable one.
      labels: { ...withoutTracking(stable.metadata.labels), ...own },
      annotations: { [annotations.template]: hash },
      ownerReferences: [ownerOf(stable)],
    },
    spec: {
      replicas,
      revisionHistoryLimit: 0,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: own },
      template: {
        metadata: {
          labels: { ...without(template.metadata?.labels, labels.inService), ...own },
          annotations: {
            ...template.metadata?.annotations,
            ...weights.metadata?.annotations,
            [annotations.template]: hash,
          },
        },
        spec: {
          ...template.spec,
          initContainers: merged(template.spec.initContainers, weights.spec.initContainers),
          containers: merged(template.spec.containers, weights.spec.containers),
          volumes: [...(template.spec.volumes ?? []), ...(weights.spec.volumes ?? [])],
        },
      },
    },
  };
}

/** Containers with the entries that another list adds to those of the same name. */
function merged(containers: readonly Container[] = [], additions: readonly Container[] = []): Container[] {
  return containers.map((container) => {
    const addition = additions.find(({ name }) => name === container.name);
    if (addition === undefined) return container;
    return {
      ...container,
      env: [...(container.env ?? []), ...(addition.env ?? [])],
      volumeMounts: [...(container.volumeMounts ?? []), ...(addition.volumeMounts ?? [])],
    };
  });
}
