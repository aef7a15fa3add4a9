import type { Action } from '../decision.ts';
import { attemptOf } from '../request-annotations.ts';
import { AT_ONCE_MS, POLL_MS, type Rollout, type RolloutPlan } from '../rollout.ts';
import { milliseconds } from '../time.ts';

/** The environment's own images are answered with their labels, before any user's request is. */
export function acceptance(rollout: Rollout): RolloutPlan | undefined {
  const canary = rollout.ready();
  if (rollout.images === 0 || rollout.status.acceptance?.template === canary.template) return undefined;
  const run = rollout.facts.acceptances.get(attemptOf(rollout.version));
  const pod = canary.pods.find((one) => one.isReady && one.address !== undefined);
  const ask: readonly Action[] =
    pod?.address === undefined
      ? []
      : [{ kind: 'ask-acceptance', version: rollout.version, address: pod.address, template: canary.template }];
  const accepting = (message: string, actions: readonly Action[], requeueAfterMs = POLL_MS): RolloutPlan =>
    rollout.canaryStep('Accepting', message, { rollout: rollout.progress(0) }, actions, requeueAfterMs);
  if (run?.kind === 'answered' && run.acceptance.template === canary.template) {
    const { acceptance } = run;
    const result = `${acceptance.correct} of ${acceptance.total} acceptance images were answered with their label; ${acceptance.required} must be`;
    if (acceptance.correct < acceptance.required) return rollout.fail('AcceptanceFailed', result, { acceptance });
    return rollout.canaryStep('Accepting', result, { acceptance, rollout: rollout.progress(0) }, [], AT_ONCE_MS);
  }
  if (run?.kind === 'running') return accepting(`${rollout.images} acceptance images are being asked`, []);
  if (run?.kind === 'unanswered') {
    const since = rollout.status.rollout?.since;
    const limit = rollout.policy.canary.readyTimeoutSeconds * 1000;
    if (since !== undefined && rollout.facts.now - milliseconds(since) > limit)
      return rollout.fail('CanaryNotReady', `The acceptance images could not be asked: ${run.message}`);
    const wait = run.retryAt - rollout.facts.now;
    return accepting(
      `The acceptance images could not be asked: ${run.message}`,
      wait > 0 ? [] : ask,
      Math.max(AT_ONCE_MS, wait),
    );
  }
  return accepting(`${rollout.images} acceptance images are being asked`, ask);
}
