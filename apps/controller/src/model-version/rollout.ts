import type {
  ConditionReason,
  FailureReason,
  ModelVersion,
  ModelVersionStatus,
  PassReason,
  Verdict,
} from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { canaryName } from './canary.ts';
import type { Action, Decision, Recorded } from './decision.ts';
import { timestamp } from './time.ts';
import { canaryReplicas, granularity } from './weights.ts';
import type { CanaryTrack, StableTrack, Facts } from './facts.ts';

/** How the environment judges, and how many acceptance images it has. */
export interface Rules {
  readonly policy: RolloutPolicy;
  readonly images: number;
}

/** What to do about the version that is wanted. */
export interface RolloutPlan {
  readonly decision: Decision;
  readonly actions: readonly Action[];
  /** Name of the canary that stays. */
  readonly canary?: string | undefined;
  readonly requeueAfterMs?: number | undefined;
}

/** Look again at once: what was recorded has a next step. */
export const AT_ONCE_MS = 50;
/** Look again although nothing changed, ms. */
export const POLL_MS = 2_000;

/** The longest that pods are started ahead of their step, ms: about what they take, so that they do not idle for longer. */
export const AHEAD_MS = 30_000;

/** One version and the facts, with what several gates ask of it and answer with. Nothing in it changes. */
export class Rollout {
  readonly version: ModelVersion;
  readonly status: Partial<ModelVersionStatus>;
  readonly stable: StableTrack;
  readonly policy: RolloutPolicy;
  readonly images: number;
  readonly facts: Facts;
  readonly canary: CanaryTrack | undefined;
  readonly canaryName: string;

  constructor(version: ModelVersion, stable: StableTrack, { policy, images }: Rules, facts: Facts) {
    this.version = version;
    this.status = version.status ?? {};
    this.stable = stable;
    this.policy = policy;
    this.images = images;
    this.facts = facts;
    this.canaryName = canaryName(stable.name, version.spec.artifact.digest);
    this.canary = facts.canaries.find(({ name }) => name === this.canaryName);
  }

  /** By its recorded verdict. */
  get isPassed(): boolean {
    return this.status.verdict?.outcome === 'Passed';
  }

  /** Checked, and for an image volume also found by digest. */
  get isVerified(): boolean {
    const { artifact } = this.status;
    const isFound = this.policy.artifact.mount === 'fetch' || artifact?.image !== undefined;
    return artifact?.digest === this.version.spec.artifact.digest && isFound;
  }

  /** It reached every stable pod before; a pod that restarts or is added since changes nothing about that. */
  get isSettled(): boolean {
    return isSettled(this.version, this.stable);
  }

  /** Whether stable pods with some version's weights answer requests, so that there is something to compare with. */
  get hasBaseline(): boolean {
    return this.stable.digest !== undefined && this.stable.pods.some((pod) => pod.isReady && pod.digest !== undefined);
  }

  /** The recorded step, from 1; 0 before it was accepted. */
  get step(): number {
    return this.status.rollout?.step ?? 0;
  }

  /** Whether its pods were kept from starting, by want of room or of leave, when it was last looked at. */
  get wasHeldUp(): boolean {
    return (this.status.conditions ?? []).some(({ reason }) => reason === 'CanaryHeldUp');
  }

  /** The canary, behind the gate that saw to it. */
  ready(): CanaryTrack {
    if (this.canary === undefined) throw new Error('a gate was asked before canaryReady');
    return this.canary;
  }

  /** Canary pods that a step needs, by default the current one. */
  wantedReplicas(step = this.step): number {
    const weight = this.policy.canary.steps[step - 1]?.weight;
    if (weight === undefined) return 1;
    // With exact weights by a route the pods only have to carry their share.
    return canaryReplicas(weight, this.stable.replicas, this.policy.canary.maxReplicas);
  }

  /** Canary pods that the next step will need, when that is more than now: they may be started ahead of it. */
  get replicasAhead(): number {
    const { step } = this;
    const isAmong = step > 0 && step < this.policy.canary.steps.length;
    return Math.max(this.wantedReplicas(step), isAmong ? this.wantedReplicas(step + 1) : 0);
  }

  /** Starts the pods of the next step shortly before this one ends, so that it need not wait for them. */
  prepare(canary: CanaryTrack, leftMs: number): Action[] {
    const replicas = this.replicasAhead;
    if (leftMs > AHEAD_MS || canary.replicas >= replicas) return [];
    return [{ kind: 'apply-canary', version: this.version, name: canary.name, replicas }];
  }

  /** What is missing until the canary gets the requests of a step. Pods started ahead of the next one get none yet. */
  admission(canary: CanaryTrack, weight: number): Action[] {
    if (this.policy.traffic.gateway !== undefined)
      return this.facts.routeWeight === weight ? [] : [{ kind: 'set-route-weight', weight, canary: canary.name }];
    const ready = canary.pods.filter((pod) => pod.isReady);
    const room = this.wantedReplicas() - ready.filter((pod) => pod.isInService).length;
    const pods = ready.filter((pod) => !pod.isInService).slice(0, Math.max(0, room));
    return pods.length === 0 ? [] : [{ kind: 'admit-pods', pods: pods.map((pod) => pod.name) }];
  }

  /** The rollout as its status tells it, at a step. */
  progress(step: number): NonNullable<ModelVersionStatus['rollout']> {
    const previous = this.status.rollout;
    const routed = this.policy.traffic.gateway !== undefined;
    const canaryPods = (this.canary?.pods ?? []).filter((pod) => pod.isReady && (routed || pod.isInService)).length;
    const stablePods = this.stable.pods.filter((pod) => pod.isReady && pod.isInService).length;
    return {
      canary: this.canaryName,
      step,
      steps: this.policy.canary.steps.length,
      since: previous?.step === step ? previous.since : timestamp(this.facts.now),
      desiredWeight: this.policy.canary.steps[step - 1]?.weight ?? 0,
      canaryPods,
      stablePods,
      granularity: routed ? 'exact: the HTTPRoute splits by weight' : granularity(canaryPods, stablePods),
    };
  }

  /** On the canary: a step, or on the way to one. */
  canaryStep(
    reason: ConditionReason,
    message: string,
    record: Recorded,
    actions: readonly Action[],
    requeueAfterMs: number,
  ): RolloutPlan {
    return { decision: { kind: 'canary', reason, message, record }, actions, canary: this.canaryName, requeueAfterMs };
  }

  /** The canary's pods are not there yet. */
  starting(
    message: string,
    rollout: NonNullable<ModelVersionStatus['rollout']>,
    actions: readonly Action[],
    reason: ConditionReason = 'CanaryStarting',
    requeueAfterMs = POLL_MS,
  ): RolloutPlan {
    return this.canaryStep(reason, message, { rollout }, actions, requeueAfterMs);
  }

  /** Enters a step, from 1. */
  enter(step: number): RolloutPlan {
    const message = `Step ${step} of ${this.policy.canary.steps.length} begins`;
    return this.canaryStep('StepRunning', message, { rollout: this.progress(step) }, [], AT_ONCE_MS);
  }

  /** A step passed: the next one, or the end. */
  leave(step: number, record: Recorded): RolloutPlan {
    if (step >= this.policy.canary.steps.length) return this.pass('StepsCompleted', `All ${step} steps passed`, record);
    const next = this.enter(step + 1);
    return next.decision.kind === 'canary'
      ? { ...next, decision: { ...next.decision, record: { ...next.decision.record, ...record } } }
      : next;
  }

  #verdict(outcome: Verdict['outcome'], reason: Verdict['reason'], message: string): Verdict {
    return { outcome, reason, message, at: timestamp(this.facts.now) };
  }

  /** The weights are to be served. */
  pass(reason: PassReason, message: string, record: Recorded = {}): RolloutPlan {
    const verdict = this.#verdict('Passed', reason, message);
    return {
      decision: {
        kind: 'promoting',
        reason: 'Promoting',
        message,
        record: { rollout: this.progress(this.step), ...record, verdict },
      },
      actions: [],
      canary: this.canary?.name,
      requeueAfterMs: AT_ONCE_MS,
    };
  }

  /** The verdict is recorded, and in the same pass the canary is taken away. */
  fail(reason: FailureReason, message: string, record: Recorded = {}): RolloutPlan {
    return {
      decision: { kind: 'failed', record: { ...record, verdict: this.#verdict('Failed', reason, message) } },
      actions: [],
      requeueAfterMs: AT_ONCE_MS,
    };
  }

  /** It is what the stable pods serve. */
  serving(): RolloutPlan {
    return { decision: { kind: 'serving' }, actions: [] };
  }
}

/** Whether a version's weights reached every stable pod and are still what they are told to serve. */
export const isSettled = (version: ModelVersion, stable: StableTrack): boolean =>
  stable.digest === version.spec.artifact.digest &&
  version.status?.servedAt !== undefined &&
  version.status.rollout === undefined;
