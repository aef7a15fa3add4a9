import type { Acceptance } from '@pawl/shared/modelversion/model-version';
import type { Action } from '../decision.ts';
import type { AcceptanceRun, CanaryTrack } from '../facts.ts';
import { requireCanary, type RolloutFacts } from '../rollout-facts.ts';
import { AT_ONCE_MS, failed, onCanary, POLL_MS, progressAt, type RolloutPlan } from '../rollout-plan.ts';
import { milliseconds, timestamp } from '../time.ts';
import type { Gate } from './gate.ts';

/** The canary answers the environment's own images with their labels before it answers users. */
export const accepted: Gate = {
  name: 'accepted',
  judge: (facts) => {
    const canary = requireCanary(facts);
    const { acceptance: run, images } = facts;
    if (images === 0 || facts.status.acceptance?.template === canary.template) return undefined;
    const asking = `${images} acceptance images are being asked`;
    switch (run?.kind) {
      case 'answered':
        if (run.acceptance.template === canary.template) return answered(run.acceptance, facts);
        return accepting(asking, ask(canary, facts), facts);
      case 'unanswered':
        return unanswered(run, canary, facts);
      case 'running':
        return run.refused === undefined ? accepting(asking, [], facts) : withoutImages(run.refused, [], facts);
      case undefined:
        return accepting(asking, ask(canary, facts), facts);
    }
  },
};

/** One ready pod is asked, because all have the same weights. */
function ask({ pods, template }: CanaryTrack, { version }: RolloutFacts): readonly Action[] {
  const asked = pods.find((pod) => pod.isReady && pod.address !== undefined);
  if (asked?.address === undefined) return [];
  return [{ kind: 'ask-acceptance', version, pod: asked.name, address: asked.address, template }];
}

function answered(acceptance: Acceptance, facts: RolloutFacts): RolloutPlan {
  const { correct, total, required } = acceptance;
  const result = `${correct} of ${total} acceptance images were answered with their label; ${required} must be`;
  if (correct < required) return failed(facts, 'AcceptanceFailed', result, { acceptance });
  return onCanary(facts, 'Accepting', result, {
    record: { acceptance, rollout: progressAt(0, facts) },
    requeueAfterMs: AT_ONCE_MS,
  });
}

/** A pod that cannot be asked is asked again, for as long as it may take to become ready. */
function unanswered(
  { message, retryAt, isWithoutImages, refused }: Extract<AcceptanceRun, { readonly kind: 'unanswered' }>,
  canary: CanaryTrack,
  facts: RolloutFacts,
): RolloutPlan {
  const said = `The acceptance images could not be asked: ${message}`;
  const wait = retryAt - facts.now;
  const again = wait > 0 ? [] : ask(canary, facts);
  const requeueAfterMs = Math.max(AT_ONCE_MS, wait);
  if (refused !== undefined) return withoutImages(refused, again, facts, requeueAfterMs);
  const since = facts.status.rollout?.since;
  const limit = facts.policy.canary.readyTimeoutSeconds * 1000;
  if (isWithoutImages !== true && facts.wasAccepting && since !== undefined && facts.now - milliseconds(since) > limit)
    return failed(facts, 'CanaryNotReady', said);
  return accepting(said, again, facts, requeueAfterMs);
}

/** The API server does not show the images: no pod was asked, so none is at fault. */
function withoutImages(
  refused: string,
  actions: readonly Action[],
  facts: RolloutFacts,
  requeueAfterMs = POLL_MS,
): RolloutPlan {
  const progress = progressAt(0, facts);
  const rollout = facts.wasHeldUp ? progress : { ...progress, since: timestamp(facts.now) };
  return onCanary(facts, 'CanaryHeldUp', refused, { record: { rollout }, actions, requeueAfterMs, isRefused: true });
}

/** Its time begins when the images are first sent; the start of the canary does not count. */
function accepting(
  message: string,
  actions: readonly Action[],
  facts: RolloutFacts,
  requeueAfterMs = POLL_MS,
): RolloutPlan {
  const progress = progressAt(0, facts);
  const rollout = facts.wasAccepting ? progress : { ...progress, since: timestamp(facts.now) };
  return onCanary(facts, 'Accepting', message, { record: { rollout }, actions, requeueAfterMs });
}
