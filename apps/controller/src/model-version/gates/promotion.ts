import { artifactOf, artifactTemplate } from '../canary.ts';
import { whyNoneIsReady } from '../pods.ts';
import type { RolloutFacts } from '../rollout-facts.ts';
import { failed, held, POLL_MS, promoting, serving } from '../rollout-plan.ts';
import type { Gate } from './gate.ts';

/** Time until stable pods that are being replaced are checked again, ms. */
const REPLACING_POLL_MS = 10_000;

const resume = ({ version, stable }: RolloutFacts) =>
  `kubectl rollout resume deployment/${stable.name} --namespace ${version.metadata.namespace}`;

/** A suspended rollout holds at its step. */
export const notSuspended: Gate = {
  name: 'notSuspended',
  judge: (facts) => {
    if (facts.version.spec.suspend !== true) return undefined;
    if (facts.isPassed && facts.isSettled) return serving;
    return held(facts, facts.step === 0 ? 'Suspended before its first step' : `Suspended at step ${facts.step}`);
  },
};

/** The stable pods serve a version that passed: after its steps, and again when a newer version is deleted. */
export const notPromoting: Gate = {
  name: 'notPromoting',
  judge: (facts) => {
    const { version, stable } = facts;
    if (!facts.isPassed || !facts.isVerified) return undefined;
    if (stable.artifact !== artifactOf(artifactTemplate(version, facts.policy.artifact.mount)))
      return promoting(facts, 'The stable pods are told to serve it', {
        actions: [{ kind: 'apply-stable', version }],
        requeueAfterMs: POLL_MS,
      });
    if (facts.isSettled || stable.isRolledOut) return serving;
    const heldUp = stable.pods.find((pod) => pod.heldUp !== undefined)?.heldUp ?? stable.podsRefused;
    const ready = stable.pods.filter((pod) => pod.isReady && pod.digest === stable.digest).length;
    const message = `${ready} of ${stable.replicas} stable pods serve it`;
    if (stable.isStuck && heldUp === undefined) {
      const why = whyNoneIsReady(stable.pods) ?? 'no pod said why';
      if (facts.status.servedAt === undefined)
        return failed(facts, 'PromotionFailed', `The stable pods did not become ready with it: ${why}`);
      // Its weights served here before, so it is not they; and a version that is failed serves no more when the pods can.
      return promoting(facts, `${message}, as they did before; the others do not become ready: ${why}`, {
        requeueAfterMs: REPLACING_POLL_MS,
      });
    }
    if (stable.isPaused)
      return promoting(facts, `${message}: the Deployment ${stable.name} is paused; resume it: ${resume(facts)}`, {
        requeueAfterMs: REPLACING_POLL_MS,
      });
    return promoting(facts, heldUp === undefined ? message : `${message}; a pod is held up: ${heldUp}`, {
      requeueAfterMs: REPLACING_POLL_MS,
    });
  },
};
