import type { Deployment, Pod, ReplicaSet } from '@pawl/shared/kubernetes/objects';

/** A running, ready pod with a container named `inference`, with parts of it replaced. */
export const aPod = (
  name: string,
  { metadata, spec, status }: Partial<Pick<Pod, 'metadata' | 'spec' | 'status'>> = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'inference' }], ...spec },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'inference', ready: true, restartCount: 0, state: { running: {} } }],
    ...status,
  },
});

/** The ReplicaSet that a Deployment made for one of its pod templates. @param hash of that template */
export const aReplicaSet = ({ metadata }: Deployment, hash = 'aaaa'): ReplicaSet => {
  const name = `${metadata.name}-${hash}`;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      uid: `uid-${name}`,
      labels: metadata.labels,
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name, uid: metadata.uid ?? '', controller: true },
      ],
    },
  };
};

/** A pod as one that a ReplicaSet made. */
export const ownedBy = <T extends Pod>({ metadata: { name, uid = '' } }: ReplicaSet, pod: T): T => ({
  ...pod,
  metadata: {
    ...pod.metadata,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true }],
  },
});
