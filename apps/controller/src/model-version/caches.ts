import { ACCEPTANCE_IMAGES_ROLE, CANARY, labels, POLICY_ROLE, STABLE } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { ConfigMap, Deployment, Pod, ReplicaSet } from '@pawl/shared/kubernetes/objects';
import type { ReadRefusal } from '../runtime/read-refusal.ts';
import { isTold, refusedTimes } from './refusals.ts';
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

/** An informer's copy of the objects of one kind. */
interface Cache<T> {
  /** Of a model, by its key. */
  byIndex(key: string): readonly T[];
  /** That the server refuses to show them. */
  readonly refusal?: ReadRefusal | undefined;
}

/** The informers' copies. */
export interface Caches {
  readonly versions: Cache<ModelVersion>;
  readonly deployments: Cache<Deployment>;
  readonly replicaSets: Cache<ReplicaSet>;
  readonly pods: Cache<Pod>;
  readonly configMaps: Cache<ConfigMap>;
}

/** The message to tell about objects that the server refuses to show; undefined while it shows all. */
export function unseen({ versions, deployments, replicaSets, pods, configMaps }: Caches): string | undefined {
  const kinds = {
    ModelVersions: versions,
    Deployments: deployments,
    ReplicaSets: replicaSets,
    pods,
    ConfigMaps: configMaps,
  };
  return Object.entries(kinds)
    .map(([kind, { refusal }]) => {
      if (refusal === undefined) return undefined;
      const refused = refusedTimes(refusal.times, `to show ${kind}`, refusal.error);
      return refused !== undefined && isTold(refused) ? refused.words : undefined;
    })
    .find((words) => words !== undefined);
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
