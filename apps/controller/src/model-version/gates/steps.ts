import type { Analysis } from '@pawl/shared/modelversion/model-version';
import { advance, begin as beginComparison, type Comparison, isMarkDue } from '../analysis/comparison.ts';
import type { Reading } from '../analysis/counters.ts';
import { edgeOf } from '../analysis/evidence.ts';
import { judge } from '../analysis/judge.ts';
import type { Action, Recorded } from '../decision.ts';
import type { CanaryTrack } from '../facts.ts';
import { whyNoneIsReady } from '../pods.ts';
import { promoteRequest } from '../request-annotations.ts';
import { requireCanary, type RolloutFacts } from '../rollout-facts.ts';
import {
  AT_ONCE_MS,
  entering,
  failed,
  onCanary,
  passed,
  POLL_MS,
  progressAt,
  type RolloutPlan,
} from '../rollout-plan.ts';
import { timestamp } from '../time.ts';
import type { Gate } from './gate.ts';

/**
 * The longest that pods are started ahead of their step, ms: about the time of a start, so that they do not idle for
 * longer.
 */
const AHEAD_MS = 30_000;
/** Time until pods that were just admitted are checked, ms. */
const ADMITTED_MS = 200;

/** The steps are skipped when somebody says so, when there is nothing to compare with, and when there are none. */
export const needsSteps: Gate = {
  name: 'needsSteps',
  judge: (facts) => {
    const promote = promoteRequest(facts.version);
    if (promote !== undefined)
      return passed(facts, 'PromotedByHand', `Promoted by hand at step ${facts.step}`, { promote });
    if (facts.isFirst)
      return passed(facts, 'FirstVersion', 'Verified and accepted; no version served here before to compare it with');
    if (facts.policy.canary.steps.length === 0)
      return passed(facts, 'StepsCompleted', 'Verified and accepted; the policy has no steps');
    if (!facts.hasBaseline) return waitingForStable(facts);
    return undefined;
  },
};

/** Without stable pods there is nothing to compare with. The rollout goes on when they are back, where it was. */
function waitingForStable(facts: RolloutFacts): RolloutPlan {
  const { stable, step } = facts;
  const why =
    stable.replicas === 0
      ? `the Deployment ${stable.name} is scaled to 0`
      : (whyNoneIsReady(stable.pods) ?? `none of the ${stable.pods.length} pods of ${stable.name} says why`);
  const where = step === 0 ? 'Its first step waits' : `Step ${step} of ${facts.policy.canary.steps.length} holds`;
  return onCanary(facts, 'StableNotReady', `${where}: no stable pod is ready to compare it with (${why})`, {
    record: { rollout: progressAt(step, facts) },
    requeueAfterMs: POLL_MS,
  });
}

/** In each step pods get requests, and both tracks are compared for as long as the step lasts. The last gate: it always decides. */
export const stepsPassed: Gate = {
  name: 'stepsPassed',
  judge: (facts) => {
    const canary = requireCanary(facts);
    const wanted = facts.policy.canary.steps[facts.step - 1];
    if (wanted === undefined) return entering(1, facts);
    const admit = admission(canary, wanted.weight, facts);
    if (admit.length > 0)
      return running('its pods begin to get requests', facts, { actions: admit, again: ADMITTED_MS });
    const { comparison } = canary;
    if (comparison?.step !== facts.step || comparison.template !== canary.template) return begin(canary, facts);
    const left = wanted.holdSeconds * 1000 - (facts.now - comparison.at);
    if (!facts.policy.analysis.enabled) return hold(canary, left, facts);
    if (facts.counters === undefined) return running('the counters are read', facts, { again: AT_ONCE_MS });
    return compare(canary, comparison, facts.counters, left, facts);
  },
};

/** What is missing until the canary gets the requests of a step. Pods started ahead of the next one get none yet. */
function admission(canary: CanaryTrack, weight: number, facts: RolloutFacts): readonly Action[] {
  if (facts.policy.traffic.gateway !== undefined)
    return facts.routeWeight === weight ? [] : [{ kind: 'set-route-weight', weight, canary: canary.name }];
  const ready = canary.pods.filter((pod) => pod.isReady);
  const room = facts.replicas - ready.filter((pod) => pod.isInService).length;
  const pods = ready.filter((pod) => !pod.isInService).slice(0, Math.max(0, room));
  return pods.length === 0 ? [] : [{ kind: 'admit-pods', pods: pods.map((pod) => pod.name) }];
}

/** The comparison begins with the counters of every pod: what a pod that is missing now counts until it is read is lost. */
function begin(canary: CanaryTrack, facts: RolloutFacts): RolloutPlan {
  const { counters, step, now } = facts;
  if (counters === undefined) return running('the counters are read', facts, { again: AT_ONCE_MS });
  if (!counters.isComplete) return running(counters.failure ?? 'a pod is not read yet', facts, { again: POLL_MS });
  // The one before it, even of another template: a rollout has one budget, and every comparison takes its part.
  const number = Math.max(canary.comparison?.number ?? 0, step - 1) + 1;
  const edge = edgeOf(Object.values(counters.stable), facts.policy.analysis);
  const comparison = beginComparison(counters, { step, template: canary.template, at: now, number, edge });
  return running('the comparison begins', facts, {
    actions: [{ kind: 'write-comparison', canary: canary.name, comparison }],
  });
}

/** A step that only waits. */
function hold(canary: CanaryTrack, left: number, facts: RolloutFacts): RolloutPlan {
  if (left <= 0) return leave({}, facts);
  return running(heldFor(left, facts), facts, {
    actions: startAhead(canary, left, facts),
    again: left > AHEAD_MS ? left - AHEAD_MS : left,
  });
}

function compare(
  canary: CanaryTrack,
  comparison: Comparison,
  counters: Reading,
  left: number,
  facts: RolloutFacts,
): RolloutPlan {
  const progress = advance(comparison, counters, facts.now);
  const { verdict, checks } = judge(progress, facts.policy.analysis);
  const mark: readonly Action[] = isMarkDue(progress, facts.policy.analysis.burstSeconds)
    ? [{ kind: 'write-comparison', canary: canary.name, comparison: progress.comparison }]
    : [];
  const analysis: Analysis = {
    step: facts.step,
    verdict,
    at: timestamp(facts.now),
    canaryRequests: progress.counted.canary.requests,
    stableRequests: progress.counted.stable.requests,
    checks: [...checks],
  };
  const wrong = checks.find((check) => check.verdict === 'Fail');
  if (wrong !== undefined) {
    const weight = facts.policy.canary.steps[facts.step - 1]?.weight ?? 0;
    return failed(facts, failureOf[wrong.name], `At step ${facts.step} (${weight} %): ${wrong.message}`, { analysis });
  }
  if (left > 0)
    return running(`${heldFor(left, facts)}, ${verdict.toLowerCase()} so far`, facts, {
      record: { analysis },
      actions: [...mark, ...startAhead(canary, left, facts)],
      again: Math.min(facts.policy.analysis.intervalSeconds * 1000, Math.max(AT_ONCE_MS, left)),
    });
  if (verdict === 'Pass') return leave({ analysis }, facts);
  const open = checks.find((check) => check.verdict === 'Inconclusive');
  return running(open?.message ?? '', facts, { record: { analysis }, actions: mark, isInconclusive: true });
}

const failureOf = { ErrorRate: 'ErrorRateHigh', Latency: 'LatencyHigh', Predictions: 'PredictionsShifted' } as const;

/** Starts the pods of the next step shortly before this one ends, so that the next step need not wait for them. */
function startAhead(canary: CanaryTrack, left: number, facts: RolloutFacts): readonly Action[] {
  const replicas = facts.replicasAhead;
  if (left > AHEAD_MS || canary.replicas >= replicas) return [];
  return [{ kind: 'apply-canary', version: facts.version, name: canary.name, replicas }];
}

/** The step passed: the next one begins, or the weights are to be served. */
function leave(record: Recorded, facts: RolloutFacts): RolloutPlan {
  const { step } = facts;
  if (step >= facts.policy.canary.steps.length)
    return passed(facts, 'StepsCompleted', `All ${step} steps passed`, record);
  return entering(step + 1, facts, record);
}

/** The step goes on. */
function running(
  message: string,
  facts: RolloutFacts,
  {
    record = {},
    actions = [],
    again = facts.policy.analysis.intervalSeconds * 1000,
    isInconclusive = false,
  }: {
    readonly record?: Recorded;
    readonly actions?: readonly Action[];
    /** Milliseconds until the next look. */
    readonly again?: number;
    readonly isInconclusive?: boolean;
  },
): RolloutPlan {
  const { steps } = facts.policy.canary;
  const name = `Step ${facts.step} of ${steps.length} (${steps[facts.step - 1]?.weight ?? 0} %)`;
  return onCanary(
    facts,
    isInconclusive ? 'StepInconclusive' : 'StepRunning',
    isInconclusive ? `${name} goes on: ${message}` : `${name}: ${message}`,
    { record: { rollout: progressAt(facts.step, facts), ...record }, actions, requeueAfterMs: again },
  );
}

function heldFor(left: number, { step, policy }: RolloutFacts): string {
  const holdSeconds = policy.canary.steps[step - 1]?.holdSeconds ?? 0;
  return `held for ${Math.floor((holdSeconds * 1000 - left) / 1000)} of ${holdSeconds} s`;
}
