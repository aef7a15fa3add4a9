import type { Deployment, Pod, ReplicaSet } from '@pawl/shared/kubernetes/objects';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';

/** A ReplicaSet as a cache keeps it: it says only who owns it, and its pod template is most of its size. */
export const ownersOnly = ({ apiVersion, kind, metadata }: ReplicaSet): ReplicaSet => ({
  apiVersion,
  kind,
  metadata: { ...metadata, managedFields: undefined, annotations: undefined },
});

/**
 * The pods of a Deployment: those that one of its ReplicaSets controls, old templates and new. Anybody who may create a pod can
 * give it the labels of a track, so labels never count. A pod whose ReplicaSet is not known yet is counted when that comes.
 */
export function podsOf(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  pods: readonly Pod[],
): readonly Pod[] {
  const { uid } = deployment.metadata;
  const isOfDeployment = (replicaSet: ReplicaSet) => controllerUid(replicaSet, 'Deployment') === uid;
  const owners = new Set(replicaSets.filter(isOfDeployment).map(({ metadata }) => metadata.uid));
  return uid === undefined ? [] : pods.filter((pod) => owners.has(controllerUid(pod, 'ReplicaSet') ?? ''));
}

/** The uid of what controls an object, if it is of a kind of the group `apps`. */
function controllerUid({ metadata }: KubeObject, kind: 'Deployment' | 'ReplicaSet'): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === kind && owner.apiVersion.startsWith('apps/') ? owner.uid : undefined;
}
