import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { Reading } from './analysis/counters.ts';
import { canaryName } from './canary.ts';
import type { AcceptanceRun, CanaryTrack, Facts, StableTrack, Verification } from './facts.ts';
import { attemptOf } from './request-annotations.ts';
import { canaryReplicas } from './weights.ts';

/** How the environment judges, and how many acceptance images it has. */
export interface Rules {
  readonly policy: RolloutPolicy;
  readonly images: number;
}

/** The input of the gates of one rollout: the facts about the target version. */
export interface RolloutFacts extends Rules {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly version: ModelVersion;
  /** What was recorded of it so far. */
  readonly status: Partial<ModelVersionStatus>;
  readonly stable: StableTrack;
  /** Its canary, when it exists. */
  readonly canary: CanaryTrack | undefined;
  /** Name that its canary has or will have. */
  readonly canaryName: string;
  readonly verification: Verification | undefined;
  readonly acceptance: AcceptanceRun | undefined;
  /** Counters of both tracks; undefined where they were not read. */
  readonly counters: Reading | undefined;
  /** Weight of the canary in the HTTPRoute, percent; undefined where the policy has no gateway. */
  readonly routeWeight: Facts['routeWeight'];
  /** What keeps requests from following the HTTPRoute. */
  readonly routeTrouble: Facts['routeTrouble'];
  /** By its recorded verdict. */
  readonly isPassed: boolean;
  /** Its bundle was checked and, for an image volume, found by digest. */
  readonly isVerified: boolean;
  /** It reached every stable pod before; a pod that restarts or is added since changes nothing about that. */
  readonly isSettled: boolean;
  /** No version of the model ever served here, so there is nothing to compare with and nothing to lose. */
  readonly isFirst: boolean;
  /** Stable pods with some version's weights answer requests now. */
  readonly hasBaseline: boolean;
  /** The cluster kept its pods from starting when it was last looked at. */
  readonly wasHeldUp: boolean;
  /** The acceptance images were being asked when it was last looked at. */
  readonly wasAccepting: boolean;
  /** The recorded step, from 1; 0 before it was accepted. */
  readonly step: number;
  /** Canary pods that the step needs. */
  readonly replicas: number;
  /** Canary pods that the next step needs, when that is more: they may be started ahead of it. */
  readonly replicasAhead: number;
}

/** The facts of one rollout. */
export function rolloutFacts(version: ModelVersion, stable: StableTrack, rules: Rules, facts: Facts): RolloutFacts {
  const status: Partial<ModelVersionStatus> = version.status ?? {};
  const { artifact, rollout, verdict, conditions = [] } = status;
  const progressReason = conditions.find(({ type }) => type === 'Progressing')?.reason;
  const name = canaryName(stable.name, version.spec.artifact.digest);
  const attempt = attemptOf(version);
  const isFound = rules.policy.artifact.mount === 'fetch' || artifact?.image !== undefined;
  const step = rollout?.step ?? 0;
  const replicas = replicasOf(step, stable, rules.policy);
  const isBeforeAnother = step > 0 && step < rules.policy.canary.steps.length;
  return {
    ...rules,
    now: facts.now,
    version,
    status,
    stable,
    canary: facts.canaries.find((canary) => canary.name === name),
    canaryName: name,
    verification: facts.verifications.get(attempt),
    acceptance: facts.acceptances.get(attempt),
    counters: facts.counters,
    routeWeight: facts.routeWeight,
    routeTrouble: facts.routeTrouble,
    isPassed: verdict?.outcome === 'Passed',
    isVerified: artifact?.digest === version.spec.artifact.digest && isFound,
    isSettled: isSettled(version, stable),
    isFirst: isFirst(version, stable, facts.versions),
    hasBaseline: stable.digest !== undefined && stable.pods.some((pod) => pod.isReady && pod.digest !== undefined),
    wasHeldUp: conditions.some(({ reason }) => reason === 'CanaryHeldUp'),
    wasAccepting: progressReason === 'Accepting',
    step,
    replicas,
    replicasAhead: isBeforeAnother ? Math.max(replicas, replicasOf(step + 1, stable, rules.policy)) : replicas,
  };
}

/** The canary of a gate behind canaryReady. @throws when it does not exist: the gates are in the wrong order. */
export function requireCanary({ canary }: RolloutFacts): CanaryTrack {
  if (canary === undefined) throw new Error('This gate comes before canaryReady.');
  return canary;
}

/** Whether a version's weights reached every stable pod and are still what they are told to serve. */
export const isSettled = (version: ModelVersion, stable: StableTrack): boolean =>
  stable.digest === version.spec.artifact.digest &&
  version.status?.servedAt !== undefined &&
  version.status.rollout === undefined;

/**
 * That no stable pod is ready now says nothing: nodes fail, and Deployments are scaled to 0 and made again. What counts is that
 * no version was ever on every stable pod, and that the stable pods are told to serve none, or one that is known not to have been.
 */
function isFirst(version: ModelVersion, stable: StableTrack, versions: readonly ModelVersion[]): boolean {
  if (versions.some(({ metadata, status }) => metadata.uid !== version.metadata.uid && status?.servedAt !== undefined))
    return false;
  return stable.digest === undefined || versions.some(({ spec }) => spec.artifact.digest === stable.digest);
}

/** Canary pods of a step. With exact weights by a route the pods only have to carry their share. */
function replicasOf(step: number, stable: StableTrack, { canary }: RolloutPolicy): number {
  const weight = canary.steps[step - 1]?.weight;
  return weight === undefined ? 1 : canaryReplicas(weight, stable.replicas, canary.maxReplicas);
}
