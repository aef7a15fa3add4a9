import type { Condition, ConditionReason, ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import type { Deployment, KubernetesEvent, Pod } from '@pawl/shared/kubernetes/objects';
import type { Found } from '../connection/attempt.ts';
import type { Watch } from '../controller/watch.ts';
import { hasFailed, inOrder, isHigher, isServing } from '../model-version/order.ts';

/** Everything that an explanation rests on. Gathered once; what follows from it is pure. */
export interface Evidence {
  readonly now: Date;
  readonly namespace: string;
  /** ` -n demo --context prod`: what a command needs to reach the same cluster; empty for the defaults. */
  readonly flags: string;
  readonly version: ModelVersion;
  /** Every version of the same model in the namespace, this one included. */
  readonly siblings: readonly ModelVersion[];
  /** Deployments of the model's stable track. */
  readonly stable: Found<readonly Deployment[]>;
  /** The canary Deployment and its pods. */
  readonly canary: Found<readonly Deployment[]>;
  readonly pods: Found<readonly Pod[]>;
  /** Pods of the model, stable and canary, whichever version they have. */
  readonly modelPods: Found<readonly Pod[]>;
  /** Whether the controller of the namespace still looks at its versions. */
  readonly watch: Watch;
  /** Of the version, its canary, and the canary's ReplicaSet and pods; oldest first. */
  readonly events: Found<readonly KubernetesEvent[]>;
  /** Policy ConfigMaps of the model. */
  readonly policies: Found<readonly Pick<KubeObject, 'metadata'>[]>;
}

/** Reasons that say something of their own, the most telling first; the others only repeat that something else is so. */
const tellingReasons: readonly ConditionReason[] = [
  'VersionInvalid',
  'DuplicateVersion',
  'PrereleaseNotAllowed',
  'KeyInvalid',
  'PolicyInvalid',
  'PolicyMissing',
  'StableMissing',
  'ImageVolumeUnsupported',
  'ArtifactNotAllowed',
  'ArtifactNotFound',
  'StoreUntrusted',
  'StoreRefused',
  'StoreUnreachable',
  'VerifierUnavailable',
  'CanaryHeldUp',
  'CanaryKilled',
  'StepInconclusive',
  'StableNotReady',
  'RouteNotAccepted',
  'Suspended',
  'Superseded',
  'Promoting',
  'StepRunning',
  'Accepting',
  'CanaryStarting',
  'Verifying',
];

/** The condition that says most about where a version is. */
export function tellingCondition(version: ModelVersion): Condition | undefined {
  const conditions = version.status?.conditions ?? [];
  const first = tellingReasons.find((reason) => conditions.some((condition) => condition.reason === reason));
  return conditions.find((condition) => condition.reason === first);
}

/** Why the version failed, from the recorded verdict or, without one, from its conditions. */
export function failureOf(version: ModelVersion): { reason: string; message: string; at?: string } | undefined {
  if (!hasFailed(version)) return undefined;
  const { verdict, conditions = [], message = '' } = version.status ?? {};
  if (verdict?.outcome === 'Failed') return verdict;
  const stalled =
    conditions.find((each) => each.type === 'Stalled') ?? conditions.find((each) => each.type === 'Ready');
  return { reason: stalled?.reason ?? '', message: stalled?.message ?? message };
}

/** Another version of the model that serves now. */
export function servingBeside(evidence: Evidence): ModelVersion | undefined {
  return others(evidence).find(isServing);
}

/** The version that is wanted instead of this one: the highest above it that did not fail and is not being deleted. */
export function wantedInstead(evidence: Evidence): ModelVersion | undefined {
  return others(evidence).find(
    (other) =>
      isHigher(other, evidence.version) &&
      !hasFailed(other) &&
      other.metadata.deletionTimestamp === undefined &&
      other.status?.phase !== 'Suspended' &&
      !isIgnored(other),
  );
}

/** Whether the controller leaves a version out when it looks for the highest. */
export function isIgnored(version: ModelVersion): boolean {
  const reason = tellingCondition(version)?.reason;
  return reason === 'DuplicateVersion' || reason === 'VersionInvalid' || reason === 'PrereleaseNotAllowed';
}

/** Highest first. */
export function others(evidence: Evidence): readonly ModelVersion[] {
  return inOrder(evidence.siblings).filter((other) => other.metadata.name !== evidence.version.metadata.name);
}
