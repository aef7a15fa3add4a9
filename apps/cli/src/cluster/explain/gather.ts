import { CANARY, labels, POLICY_ROLE, STABLE } from '@pawl/shared/modelversion/names';
import { attempt, type Found } from '../connection/attempt.ts';
import type { Cluster } from '../connection/cluster.ts';
import { readWatch, type Time } from '../controller/watch.ts';
import type { KubernetesEvent, Pod } from '@pawl/shared/kubernetes/objects';
import { findVersion } from '../model-version/find.ts';
import type { Evidence } from './evidence.ts';
import { timeOf } from './sections.ts';

/**
 * Reads everything that an explanation may rest on. What may not be read is noted as such; only the version itself must be.
 *
 * @throws CliError `VERSION_NOT_FOUND` and what the cluster refuses
 */
export async function gather(cluster: Cluster, name: string, time: Time, flags: string): Promise<Evidence> {
  const version = await findVersion(cluster, name);
  const { model } = version.spec;
  const canaryLabels = `${labels.modelVersion}=${name}`;
  const [versions, stable, canary, modelPods, policies, own, warnings, watch] = await Promise.all([
    cluster.modelVersions(),
    attempt(cluster.deployments(`${labels.model}=${model},${labels.track}=${STABLE}`)),
    attempt(cluster.deployments(canaryLabels)),
    attempt(cluster.pods(`${labels.model}=${model},${labels.track} in (${STABLE},${CANARY})`)),
    attempt(cluster.configMaps(`${labels.role}=${POLICY_ROLE},${labels.model}=${model}`)),
    attempt(cluster.events(`involvedObject.kind=ModelVersion,involvedObject.name=${name}`)),
    attempt(cluster.events('involvedObject.kind!=ModelVersion,type=Warning')),
    readWatch(cluster, cluster.namespace, time),
  ]);
  const children = [
    ...(version.status?.rollout === undefined ? [] : [version.status.rollout.canary]),
    ...(canary.ok ? canary.value.map((each) => each.metadata.name) : []),
  ];
  return {
    now: time.now(),
    namespace: cluster.namespace,
    flags,
    version,
    siblings: versions.filter((other) => other.spec.model === model),
    stable,
    canary,
    pods: canaryPods(modelPods, name),
    modelPods,
    watch,
    policies,
    events: eventsOf(version.metadata.uid, children, own, warnings),
  };
}

function canaryPods(found: Found<readonly Pod[]>, version: string): Found<readonly Pod[]> {
  if (!found.ok) return found;
  const isCanary = ({ metadata }: Pod): boolean =>
    metadata.labels?.[labels.track] === CANARY && metadata.labels[labels.modelVersion] === version;
  return { ok: true, value: found.value.filter(isCanary) };
}

/** Events of this version (not of an older object of its name) and warnings of its canary's objects, oldest first. */
function eventsOf(
  uid: string,
  children: readonly string[],
  own: Evidence['events'],
  warnings: Evidence['events'],
): Evidence['events'] {
  if (!own.ok) return own;
  const mine = own.value.filter(({ involvedObject }) => involvedObject.uid === undefined || involvedObject.uid === uid);
  // ReplicaSets and pods bear the Deployment's name and a hash.
  const ofChild = ({ involvedObject: { name = '' } }: KubernetesEvent): boolean =>
    children.some((child) => name === child || name.startsWith(`${child}-`));
  const time = (event: KubernetesEvent): number => Date.parse(timeOf(event) ?? '') || 0;
  const all = [...mine, ...(warnings.ok ? warnings.value.filter(ofChild) : [])];
  return { ok: true, value: all.sort((a, b) => time(a) - time(b)) };
}
