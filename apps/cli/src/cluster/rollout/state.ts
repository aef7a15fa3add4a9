import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { annotations, labels, STABLE } from '@pawl/shared/modelversion/names';
import type { Cluster } from '../connection/cluster.ts';
import type { Deployment, Pod } from '@pawl/shared/kubernetes/objects';
import { CliError } from '../../errors/cli-error.ts';
import { isIgnored } from '../explain/evidence.ts';
import { assertNamespace, findTarget, type Target } from '../model-version/find.ts';
import { hasFailed, inOrder, isServing, isUnderWay, seen } from '../model-version/order.ts';

/** One model's rollout at one moment. */
export interface RolloutState {
  readonly now: Date;
  readonly namespace: string;
  readonly model: string;
  /** The version that is on its way, or was last. Undefined once it was deleted. */
  readonly candidate: ModelVersion | undefined;
  /** The version that the stable pods have, where a ModelVersion of it exists. */
  readonly serving: ModelVersion | undefined;
  readonly stable: Deployment | undefined;
  /** Pods of both tracks; undefined when they may not be read. */
  readonly pods: readonly Pod[] | undefined;
}

/** How a rollout ended; undefined while it goes on. */
export type Ending = 'serving' | 'failed' | 'superseded' | 'deleted' | undefined;

/** What `rollout status` follows: one version, or whatever version of a model is on its way. */
export interface Followed {
  readonly model: string;
  readonly name?: string;
}

/**
 * What `[NAME|MODEL]` means for a rollout; without it, the only model of the namespace.
 *
 * @throws CliError `USAGE` when there are several models and none is named, `VERSION_NOT_FOUND`
 */
export async function follow(cluster: Cluster, wanted: string | undefined): Promise<Followed> {
  const versions = await cluster.modelVersions();
  if (wanted !== undefined) return followed(await findTarget(cluster, versions, wanted));
  const models = [...new Set(versions.map((version) => version.spec.model))].sort();
  const [model] = models;
  if (model === undefined) {
    await assertNamespace(cluster, versions);
    throw new CliError(
      'VERSION_NOT_FOUND',
      `namespace ${cluster.namespace} has no ModelVersions`,
      'Choose another namespace with -n, or look everywhere: pawl get -A',
    );
  }
  if (models.length > 1) {
    throw new CliError(
      'USAGE',
      `namespace ${cluster.namespace} has several models; one was expected`,
      `Name one: ${models.join(', ')}.`,
    );
  }
  return { model };
}

const followed = (target: Target): Followed =>
  target.kind === 'model'
    ? { model: target.model }
    : { model: target.version.spec.model, name: target.version.metadata.name };

/** Reads the cluster once. `before` is what was seen last: a version that was followed and failed is told before the next. */
export async function observe(
  cluster: Cluster,
  target: Followed,
  now: () => Date,
  before?: RolloutState,
): Promise<RolloutState> {
  const [versions, deployments, pods] = await Promise.all([
    cluster.modelVersions(),
    unlessForbidden(cluster.deployments(`${labels.model}=${target.model},${labels.track}=${STABLE}`)),
    unlessForbidden(cluster.pods(`${labels.model}=${target.model},${labels.track}`)),
  ]);
  const ofModel = versions.filter((version) => version.spec.model === target.model);
  const candidate =
    target.name === undefined
      ? (fallen(ofModel, before) ?? chooseCandidate(ofModel))
      : ofModel.find((version) => version.metadata.name === target.name);
  return {
    now: now(),
    namespace: cluster.namespace,
    model: target.model,
    candidate,
    serving: inOrder(ofModel).find(isServing),
    stable: deployments?.[0],
    pods,
  };
}

/** The version that was followed, if it has failed since. */
function fallen(versions: readonly ModelVersion[], before: RolloutState | undefined): ModelVersion | undefined {
  const uid = before?.candidate?.metadata.uid;
  return versions.find((version) => version.metadata.uid === uid && hasFailed(version));
}

async function unlessForbidden<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CliError && error.code === 'CLUSTER_FORBIDDEN') return undefined;
    throw error;
  }
}

/** The version of a model that people mean by "the rollout": the one under way, else the one that was decided last. */
function chooseCandidate(versions: readonly ModelVersion[]): ModelVersion | undefined {
  const living = inOrder(versions).filter((version) => version.metadata.deletionTimestamp === undefined);
  const underWay = living.find(isUnderWay);
  if (underWay !== undefined) return underWay;
  const wanted = living.filter(
    (version) => version.status?.phase !== 'Superseded' && version.status?.phase !== 'Suspended' && !isIgnored(version),
  );
  const [highest] = wanted;
  const serving = wanted.find(isServing);
  // A fix below a version that failed: what serves was decided after the failure.
  if (highest !== undefined && hasFailed(highest) && serving !== undefined && decidedAt(serving) > decidedAt(highest))
    return serving;
  return highest ?? living[0];
}

const decidedAt = (version: ModelVersion): number => Date.parse(version.status?.verdict?.at ?? '') || 0;

/** Whether, and how, what is followed is over. */
export function endingOf(state: RolloutState): Ending {
  const { candidate } = state;
  if (candidate === undefined || candidate.metadata.deletionTimestamp !== undefined) return 'deleted';
  if (seen(candidate) !== 'current') return undefined;
  if (hasFailed(candidate)) return 'failed';
  if (isServing(candidate)) return 'serving';
  return candidate.status?.phase === 'Superseded' ? 'superseded' : undefined;
}

/** Version that the stable pods have, from what their Deployment names. */
export function stableVersion(state: RolloutState): string | undefined {
  return state.serving?.spec.version ?? state.stable?.spec.template.metadata?.annotations?.[annotations.version];
}
