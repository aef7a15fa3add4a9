import { artifactOf, artifactTemplate } from '../canary.ts';
import { POLL_MS, type Rollout, type RolloutPlan } from '../rollout.ts';

/** A suspended rollout holds at its step. */
export function suspended(rollout: Rollout): RolloutPlan | undefined {
  if (rollout.version.spec.suspend !== true) return undefined;
  if (rollout.isPassed && rollout.isSettled) return rollout.serving();
  return {
    decision: {
      kind: 'suspended',
      message: rollout.step === 0 ? 'Suspended before its first step' : `Suspended at step ${rollout.step}`,
    },
    actions: [],
    canary: rollout.canary?.name,
  };
}

/** A version that passed is what the stable pods are to serve: after its steps, and again when a newer one goes. */
export function promotion(rollout: Rollout): RolloutPlan | undefined {
  if (!rollout.isPassed || !rollout.isVerified) return undefined;
  const record = { rollout: rollout.progress(rollout.step) };
  const wanted = artifactOf(artifactTemplate(rollout.version, rollout.policy.artifact.mount));
  if (rollout.stable.artifact !== wanted)
    return {
      decision: { kind: 'promoting', reason: 'Promoting', message: 'The stable pods are told to serve it', record },
      actions: [{ kind: 'apply-stable', version: rollout.version }],
      canary: rollout.canary?.name,
      requeueAfterMs: POLL_MS,
    };
  if (rollout.isSettled || rollout.stable.isRolledOut) return rollout.serving();
  const heldUp = rollout.stable.pods.find((pod) => pod.heldUp !== undefined)?.heldUp;
  if (rollout.stable.isStuck && heldUp === undefined) {
    const why = rollout.stable.pods.map((pod) => pod.crashed ?? pod.waiting).find((reason) => reason !== undefined);
    return rollout.fail('PromotionFailed', `The stable pods did not become ready with it: ${why ?? 'no pod said why'}`);
  }
  const ready = rollout.stable.pods.filter((pod) => pod.isReady && pod.digest === rollout.stable.digest).length;
  const message = `${ready} of ${rollout.stable.replicas} stable pods serve it`;
  return {
    decision: {
      kind: 'promoting',
      reason: 'Promoting',
      message: heldUp === undefined ? message : `${message}; a pod is held up: ${heldUp}`,
      record,
    },
    actions: [],
    canary: rollout.canary?.name,
    requeueAfterMs: 10_000,
  };
}
