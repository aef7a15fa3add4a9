import { ACCEPTANCE_IMAGES_ROLE, CANARY, labels, POLICY_ROLE, STABLE } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { ConfigMap, Deployment, Pod, ReplicaSet } from '@pawl/shared/kubernetes/objects';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import { podsOf } from './ownership.ts';

/** The key under which everything of a model is judged together: `namespace/model`. */
const keyOfModel = (namespace: string | undefined, model: string): string => `${namespace ?? ''}/${model}`;

/** The key of an object by its label, as an informer's index. */
export const byModelLabel = (object: KubeObject): readonly string[] => {
  const model = object.metadata.labels?.[labels.model];
  return model === undefined ? [] : [keyOfModel(object.metadata.namespace, model)];
};

/** The key of a version, as an informer's index. */
export const byModel = (version: ModelVersion): readonly string[] => [
  keyOfModel(version.metadata.namespace, version.spec.model),
];

/** The informers' copies, by key of the model. */
export interface Caches {
  readonly versions: { byIndex(key: string): readonly ModelVersion[] };
  readonly deployments: { byIndex(key: string): readonly Deployment[] };
  readonly replicaSets: { byIndex(key: string): readonly ReplicaSet[] };
  readonly pods: { byIndex(key: string): readonly Pod[] };
  readonly configMaps: { byIndex(key: string): readonly ConfigMap[] };
}

const ofRole = (objects: readonly ConfigMap[], role: string) =>
  objects.filter(({ metadata }) => metadata.labels?.[labels.role] === role);
const isDeleted = (object: KubeObject) => object.metadata.deletionTimestamp !== undefined;
const labelled = (objects: readonly Deployment[], track: string) =>
  objects.filter((object) => object.metadata.labels?.[labels.track] === track && !isDeleted(object));

/** Everything of a model that is not being deleted. */
export function ofModel(caches: Caches, key: string) {
  const deployments = caches.deployments.byIndex(key);
  const replicaSets = caches.replicaSets.byIndex(key);
  const pods = caches.pods.byIndex(key).filter((pod) => !isDeleted(pod));
  const configMaps = caches.configMaps.byIndex(key);
  return {
    versions: caches.versions.byIndex(key).filter((version) => !isDeleted(version)),
    stable: labelled(deployments, STABLE),
    canaries: labelled(deployments, CANARY),
    /** The pods of one of its Deployments; pods that are being deleted get no requests and do not count. */
    podsOf: (deployment: Deployment) => podsOf(deployment, replicaSets, pods),
    policies: ofRole(configMaps, POLICY_ROLE),
    images: ofRole(configMaps, ACCEPTANCE_IMAGES_ROLE),
  };
}
