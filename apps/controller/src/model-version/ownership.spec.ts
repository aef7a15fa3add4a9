import type { Deployment, Pod, ReplicaSet } from '@pawl/shared/kubernetes/objects';
import { labels, STABLE } from '@pawl/shared/modelversion/names';
import { aPod, aReplicaSet, ownedBy } from '@pawl/test-kit/pods';
import { ownersOnly, podsOf } from './ownership.ts';
import { stableDeployment } from './test/model-cluster.ts';

const web = stableDeployment('sha256:aa');
const withUid = (uid: string | undefined): Deployment => ({ ...web, metadata: { ...web.metadata, uid } });
const [old, current] = [aReplicaSet(web, 'old'), aReplicaSet(web, 'new')];
/** Of a Deployment that had the same name before it was deleted and made again. */
const gone = aReplicaSet(withUid('uid-web-before'), 'gone');
const known = [old, current, gone];
/** With every label and annotation that pods of the track have. */
const labelled = aPod('p', {
  metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { [labels.model]: 'm', [labels.track]: STABLE } },
});
/** A pod whose owner is the current ReplicaSet but for some words. */
const claiming = (words: object): Pod => {
  const { metadata } = ownedBy(current, labelled);
  const ownerReferences = metadata.ownerReferences?.map((owner) => ({ ...owner, ...words })) ?? [];
  return { ...labelled, metadata: { ...metadata, ownerReferences } };
};

describe('a pod of a Deployment', () => {
  it.each<[string, Pod, readonly ReplicaSet[], boolean]>([
    ['is one of its ReplicaSet', ownedBy(current, labelled), known, true],
    ['is one of the ReplicaSet that a restart replaces', ownedBy(old, labelled), known, true],
    ['needs no label of the track', ownedBy(current, aPod('p')), known, true],
    ['is none with its labels alone', labelled, known, false],
    ['is none of a Deployment that had its name', ownedBy(gone, labelled), known, false],
    ['is none yet while its ReplicaSet is not known', ownedBy(current, labelled), [old], false],
    ['is none where its ReplicaSet only owns it', claiming({ controller: false }), known, false],
    ['is none of another kind with that uid', claiming({ kind: 'Job' }), known, false],
    ['is none of another group with that kind', claiming({ apiVersion: 'evil.example/v1' }), known, false],
    ['is none of the Deployment itself', claiming({ kind: 'Deployment', uid: 'uid-web' }), known, false],
    ['is none of a ReplicaSet that nothing controls', ownedBy(aPod('r') as ReplicaSet, labelled), [aPod('r')], false],
  ])('%s', (_title, pod, replicaSets, isOwned) => {
    expect(podsOf(web, replicaSets, [pod])).toEqual(isOwned ? [pod] : []);
  });

  it('is none of a Deployment without a uid', () => {
    const unborn = withUid(undefined);
    const orphan = aReplicaSet(unborn);
    const uncontrolled = { ...orphan, metadata: { ...orphan.metadata, ownerReferences: undefined } };
    expect(podsOf(unborn, [orphan, uncontrolled], [ownedBy(orphan, labelled)])).toEqual([]);
  });
});

describe('a cached ReplicaSet', () => {
  it('is its metadata without annotations', () => {
    const annotated = {
      ...current,
      metadata: { ...current.metadata, annotations: { 'kubectl.kubernetes.io/x': 'y' } },
    };
    expect(ownersOnly({ ...annotated, spec: { template: {} } } as ReplicaSet)).toEqual(current);
  });
});
