import { since } from '../analysis/counters.ts';
import { judge } from '../analysis/judge.ts';
import type { Action, Recorded } from '../decision.ts';
import { promoteRequest } from '../request-annotations.ts';
import { AHEAD_MS, AT_ONCE_MS, POLL_MS, type Rollout, type RolloutPlan } from '../rollout.ts';
import { timestamp } from '../time.ts';

/** Reasons to skip the steps: somebody says so, there is nothing to compare with, or there are none. */
export function shortcuts(rollout: Rollout): RolloutPlan | undefined {
  const promote = promoteRequest(rollout.version);
  if (promote !== undefined)
    return rollout.pass('PromotedByHand', `Promoted by hand at step ${rollout.step}`, { promote });
  if (!rollout.hasBaseline)
    return rollout.pass('FirstVersion', 'Verified and accepted; no stable pod serves a version to compare it with');
  if (rollout.policy.canary.steps.length === 0)
    return rollout.pass('StepsCompleted', 'Verified and accepted; the policy has no steps');
  return undefined;
}

/** One step: pods get requests, both tracks are compared for as long as the step lasts, and then the next. */
export function step(rollout: Rollout): RolloutPlan {
  const canary = rollout.ready();
  const steps = rollout.policy.canary.steps;
  const step = rollout.step;
  const wanted = steps[step - 1];
  if (wanted === undefined || step === 0) return rollout.enter(1);
  const progress = rollout.progress(step);
  const interval = rollout.policy.analysis.intervalSeconds * 1000;
  const at = (message: string, record: Recorded, actions: readonly Action[], requeue = interval): RolloutPlan =>
    rollout.canaryStep(
      'StepRunning',
      `Step ${step} of ${steps.length} (${wanted.weight} %): ${message}`,
      { rollout: progress, ...record },
      actions,
      requeue,
    );

  const admit = rollout.admission(canary, wanted.weight);
  if (admit.length > 0) return at('its pods begin to get requests', {}, admit, AT_ONCE_MS * 4);
  const { counters, now } = rollout.facts;
  const { baseline } = canary;
  if (baseline?.step !== step || baseline.template !== canary.template) {
    if (counters === undefined) return at('the counters are read', {}, [], AT_ONCE_MS);
    // A pod that is missing now would later count with all that it did before.
    if (!counters.isComplete) return at('a pod does not answer /metrics yet', {}, [], POLL_MS);
    return at('the comparison begins', {}, [
      {
        kind: 'write-baseline',
        canary: canary.name,
        baseline: { step, template: canary.template, at: now, stable: counters.stable, canary: counters.canary },
      },
    ]);
  }
  const held = now - baseline.at;
  const left = wanted.holdSeconds * 1000 - held;
  if (!rollout.policy.analysis.enabled) {
    if (left <= 0) return rollout.leave(step, {});
    const said = `held for ${seconds(held)} of ${wanted.holdSeconds} s`;
    return at(said, {}, rollout.prepare(canary, left), left > AHEAD_MS ? left - AHEAD_MS : left);
  }
  if (counters === undefined) return at('the counters are read', {}, [], AT_ONCE_MS);
  const ours = since(counters.canary, baseline.canary);
  const theirs = since(counters.stable, baseline.stable);
  const { verdict, checks } = judge(ours, theirs, rollout.policy.analysis);
  const analysis = {
    step,
    verdict,
    at: timestamp(now),
    canaryRequests: ours.requests,
    stableRequests: theirs.requests,
    checks: [...checks],
  };
  const failed = checks.find((check) => check.verdict === 'Fail');
  if (failed !== undefined)
    return rollout.fail(failureOf[failed.name], `At step ${step} (${wanted.weight} %): ${failed.message}`, {
      analysis,
    });
  if (left > 0)
    return at(
      `held for ${seconds(held)} of ${wanted.holdSeconds} s, ${verdict.toLowerCase()} so far`,
      { analysis },
      rollout.prepare(canary, left),
      Math.min(interval, Math.max(AT_ONCE_MS, left)),
    );
  if (verdict === 'Pass') return rollout.leave(step, { analysis });
  const open = checks.find((check) => check.verdict === 'Inconclusive');
  return {
    ...at('', { analysis }, []),
    decision: {
      kind: 'canary',
      reason: 'StepInconclusive',
      message: `Step ${step} of ${steps.length} (${wanted.weight} %) goes on: ${open?.message ?? ''}`,
      record: { analysis, rollout: progress },
    },
  };
}

const failureOf = { ErrorRate: 'ErrorRateHigh', Latency: 'LatencyHigh', Predictions: 'PredictionsShifted' } as const;
const seconds = (ms: number) => Math.floor(ms / 1000);
