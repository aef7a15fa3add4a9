import { annotations, labels, STABLE } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Deployment, Pod } from '@pawl/shared/kubernetes/objects';
import { readComparison } from './analysis/comparison.ts';
import { artifactOf, digestOf, mountOf, templateHash } from './canary.ts';
import { podFacts } from './pods.ts';
import { milliseconds } from './time.ts';
import type { CanaryTrack, StableState } from './facts.ts';

/** The stable track of a model. @param podsOf the pods that a Deployment owns. */
export function stableState(
  model: string,
  found: readonly Deployment[],
  podsOf: (deployment: Deployment) => readonly Pod[],
): StableState {
  const [deployment] = found;
  const selector = `${labels.model}=${model},${labels.track}=${STABLE}`;
  if (deployment === undefined)
    return {
      kind: 'missing',
      message: `No Deployment with the labels ${selector} serves this model; install the chart`,
    };
  if (found.length > 1) {
    const names = found.map(({ metadata }) => metadata.name).join(', ');
    return { kind: 'missing', message: `${found.length} Deployments have the labels ${selector}: ${names}; keep one` };
  }
  const { metadata, spec, status } = deployment;
  const replicas = spec.replicas ?? 1;
  const isPaused = spec.paused === true;
  const isCurrent = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const [all, updated, available] = [
    status?.replicas ?? 0,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
  ];
  return {
    kind: 'found',
    track: {
      name: metadata.name,
      uid: metadata.uid ?? '',
      digest: digestOf(spec.template),
      artifact: artifactOf(spec.template),
      mount: mountOf(spec.template),
      replicas,
      podsRefused: podsRefused(deployment),
      template: templateHash(spec.template),
      isRolledOut: isCurrent && updated === replicas && all === updated && available >= updated,
      isPaused,
      // A Deployment that was paused later keeps the condition.
      isStuck:
        !isPaused &&
        isCurrent &&
        (status?.conditions?.some(
          ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
        ) ??
          false),
      pods: podsOf(deployment).map(podFacts),
    },
  };
}

/** A canary with its pods of the current template. @param pods that it owns. */
export function canaryTrack(deployment: Deployment, pods: readonly Pod[]): CanaryTrack {
  const { metadata, spec } = deployment;
  const template = metadata.annotations?.[annotations.template] ?? '';
  const version = metadata.labels?.[labels.modelVersion] ?? '';
  const withdrawnAt = metadata.annotations?.[annotations.withdrawnAt];
  const digest = digestOf(spec.template) ?? '';
  const isCurrent = ({ metadata: { annotations: of } }: Pod) =>
    of?.[annotations.digest] === digest && of[annotations.template] === template;
  return {
    name: metadata.name,
    version,
    digest,
    owners: (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    template,
    replicas: spec.replicas ?? 1,
    podsRefused: podsRefused(deployment),
    pods: pods.filter(isCurrent).map(podFacts),
    comparison: readComparison(metadata.annotations?.[annotations.comparison]),
    withdrawnAt: withdrawnAt === undefined ? undefined : milliseconds(withdrawnAt),
  };
}

/** What the API server says about pods that a Deployment may not make: a quota, or an admission rule. */
const podsRefused = ({ status }: Deployment): string | undefined =>
  status?.conditions?.find(({ type, status: holds }) => type === 'ReplicaFailure' && holds === 'True')?.message;

/** Whether the analysis of some version needs counters now. */
export const needsCounters = (versions: readonly ModelVersion[], canaries: readonly CanaryTrack[]): boolean =>
  canaries.length > 0 &&
  versions.some(({ status }) => (status?.rollout?.step ?? 0) > 0 && status?.verdict === undefined);
