import type { ConditionReason, FailureReason, PassReason, Verdict } from '@pawl/shared/modelversion/model-version';
import type { Action, Decision, Recorded, Rollout } from './decision.ts';
import type { RolloutFacts } from './rollout-facts.ts';
import { timestamp } from './time.ts';
import { granularity } from './weights.ts';

/** What to do for the target version. */
export interface RolloutPlan {
  readonly decision: Decision;
  /** In order, after the decision is recorded. */
  readonly actions: readonly Action[];
  /** Name of the canary that stays. */
  readonly canary?: string | undefined;
  readonly requeueAfterMs?: number | undefined;
}

/** Look again at once: what was recorded has a next step. */
export const AT_ONCE_MS = 50;
/** Look again although nothing changed, ms. */
export const POLL_MS = 2_000;

/** What a plan may add to its decision. */
interface Details {
  readonly record?: Recorded;
  readonly actions?: readonly Action[];
  readonly requeueAfterMs?: number | undefined;
  /** The API server refuses what comes next; the message has its words. */
  readonly isRefused?: boolean | undefined;
  /** Nothing goes on until somebody acts. */
  readonly isStalled?: boolean | undefined;
}

/** The rollout as its status tells it, at a step: its clock goes on while the step stays the same. */
export function progressAt(step: number, facts: RolloutFacts): Rollout {
  const { policy, stable, canary, now } = facts;
  const previous = facts.status.rollout;
  const isRouted = policy.traffic.gateway !== undefined;
  const canaryPods = (canary?.pods ?? []).filter((pod) => pod.isReady && (isRouted || pod.isInService)).length;
  const stablePods = stable.pods.filter((pod) => pod.isReady && pod.isInService).length;
  return {
    canary: facts.canaryName,
    step,
    steps: policy.canary.steps.length,
    since: previous?.step === step ? previous.since : timestamp(now),
    desiredWeight: policy.canary.steps[step - 1]?.weight ?? 0,
    canaryPods,
    stablePods,
    granularity: isRouted ? 'exact: the HTTPRoute splits by weight' : granularity(canaryPods, stablePods),
  };
}

/** The bundle is being checked. */
export const verifying = (
  reason: ConditionReason,
  message: string,
  { record, actions = [], requeueAfterMs }: Details = {},
): RolloutPlan => ({
  decision: { kind: 'verifying', reason, message, ...(record && { record }) },
  actions,
  requeueAfterMs,
});

/** Nothing can be done until somebody fixes what the message names. */
export const blocked = (reason: ConditionReason, message: string, canary?: string): RolloutPlan => ({
  decision: { kind: 'blocked', reason, message },
  actions: [],
  canary,
});

/** The canary is at a step, or on its way to one. */
export const onCanary = (
  facts: RolloutFacts,
  reason: ConditionReason,
  message: string,
  { record = {}, actions = [], requeueAfterMs, isRefused, isStalled }: Details,
): RolloutPlan => ({
  decision: {
    kind: 'canary',
    reason,
    message,
    record,
    ...(isRefused === true && { isRefused }),
    ...(isStalled === true && { isStalled }),
  },
  actions,
  canary: facts.canaryName,
  requeueAfterMs,
});

/** The canary enters a step, from 1. @param record of the step that it leaves. */
export const entering = (step: number, facts: RolloutFacts, record: Recorded = {}): RolloutPlan =>
  onCanary(facts, 'StepRunning', `Step ${step} of ${facts.policy.canary.steps.length} begins`, {
    record: { rollout: progressAt(step, facts), ...record },
    requeueAfterMs: AT_ONCE_MS,
  });

/** The stable pods take the weights. */
export const promoting = (facts: RolloutFacts, message: string, details: Details): RolloutPlan => ({
  decision: {
    kind: 'promoting',
    reason: 'Promoting',
    message,
    record: { rollout: progressAt(facts.step, facts), ...details.record },
  },
  actions: details.actions ?? [],
  canary: facts.canary?.name,
  requeueAfterMs: details.requeueAfterMs,
});

/** The weights are to be served: the verdict is recorded, and the next pass promotes. */
export const passed = (facts: RolloutFacts, reason: PassReason, message: string, record: Recorded = {}): RolloutPlan =>
  promoting(facts, message, {
    record: { ...record, verdict: verdict('Passed', reason, message, facts.now) },
    requeueAfterMs: AT_ONCE_MS,
  });

/** The verdict is recorded, and the canary is deleted in the same pass. */
export const failed = (
  facts: RolloutFacts,
  reason: FailureReason,
  message: string,
  record: Recorded = {},
): RolloutPlan => ({
  decision: { kind: 'failed', record: { ...record, verdict: verdict('Failed', reason, message, facts.now) } },
  actions: [],
  requeueAfterMs: AT_ONCE_MS,
});

/** The rollout holds at its step. */
export const held = (facts: RolloutFacts, message: string): RolloutPlan => ({
  decision: { kind: 'suspended', message },
  actions: [],
  canary: facts.canary?.name,
});

/** The stable pods serve it. */
export const serving: RolloutPlan = { decision: { kind: 'serving' }, actions: [] };

const verdict = (outcome: Verdict['outcome'], reason: Verdict['reason'], message: string, now: number): Verdict => ({
  outcome,
  reason,
  message,
  at: timestamp(now),
});
