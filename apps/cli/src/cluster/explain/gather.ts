import { CANARY, labels, POLICY_ROLE, STABLE } from '@pawl/shared/modelversion/names';
import type { Cluster } from '../connection/cluster.ts';
import type { KubernetesEvent } from '@pawl/shared/kubernetes/objects';
import { CliError } from '../../errors/cli-error.ts';
import { findVersion } from '../model-version/find.ts';
import type { Evidence, Found } from './evidence.ts';
import { timeOf } from './sections.ts';

/**
 * Reads everything that an explanation may rest on. What may not be read is noted as such; only the version itself must be.
 *
 * @throws CliError `VERSION_NOT_FOUND` and what the cluster refuses
 */
export async function gather(cluster: Cluster, name: string, now: () => Date, flags: string): Promise<Evidence> {
  const version = await findVersion(cluster, name);
  const { model } = version.spec;
  const canaryLabels = `${labels.modelVersion}=${name}`;
  const [versions, stable, canary, pods, policies, own, warnings] = await Promise.all([
    cluster.modelVersions(),
    attempt(cluster.deployments(`${labels.model}=${model},${labels.track}=${STABLE}`)),
    attempt(cluster.deployments(canaryLabels)),
    attempt(cluster.pods(`${canaryLabels},${labels.track}=${CANARY}`)),
    attempt(cluster.configMaps(`${labels.role}=${POLICY_ROLE},${labels.model}=${model}`)),
    attempt(cluster.events(`involvedObject.kind=ModelVersion,involvedObject.name=${name}`)),
    attempt(cluster.events('involvedObject.kind!=ModelVersion,type=Warning')),
  ]);
  const children = [
    ...(version.status?.rollout === undefined ? [] : [version.status.rollout.canary]),
    ...(canary.ok ? canary.value.map((each) => each.metadata.name) : []),
  ];
  return {
    now: now(),
    namespace: cluster.namespace,
    flags,
    version,
    siblings: versions.filter((other) => other.spec.model === model),
    stable,
    canary,
    pods,
    policies,
    events: eventsOf(version.metadata.uid, children, own, warnings),
  };
}

async function attempt<T>(reading: Promise<T>): Promise<Found<T>> {
  try {
    return { ok: true, value: await reading };
  } catch (error) {
    if (error instanceof CliError && error.code !== 'INTERRUPTED') return { ok: false, why: error.message };
    throw error;
  }
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
