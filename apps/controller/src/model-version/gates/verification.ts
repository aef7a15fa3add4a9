import type { ConditionReason } from '@pawl/shared/modelversion/model-version';
import { attemptOf } from '../request-annotations.ts';
import { AT_ONCE_MS, type Rollout, type RolloutPlan } from '../rollout.ts';

/** No pod exists before digest, files and signature were checked. */
export function verification(rollout: Rollout): RolloutPlan | undefined {
  if (rollout.isVerified) return undefined;
  const state = rollout.facts.verifications.get(attemptOf(rollout.version));
  const verifying = (reason: ConditionReason, message: string, rest: Partial<RolloutPlan> = {}): RolloutPlan => ({
    decision: { kind: 'verifying', reason, message },
    actions: [],
    ...rest,
  });
  switch (state?.kind) {
    case undefined:
      return verifying('Verifying', 'The bundle is being fetched and verified', {
        actions: [{ kind: 'verify', version: rollout.version }],
      });
    case 'running':
      return state.before?.kind === 'unreachable'
        ? verifying(state.before.reason, unreachable(state.before))
        : verifying('Verifying', 'The bundle is being fetched and verified');
    case 'refused':
      return rollout.fail(state.reason, state.message);
    case 'key-invalid':
      return { decision: { kind: 'blocked', reason: 'KeyInvalid', message: state.message }, actions: [] };
    case 'unsupported':
      return { decision: { kind: 'blocked', reason: 'ImageVolumeUnsupported', message: state.message }, actions: [] };
    case 'unreachable': {
      const wait = state.retryAt - rollout.facts.now;
      return verifying(state.reason, unreachable(state), {
        actions: wait > 0 ? [] : [{ kind: 'verify', version: rollout.version }],
        requeueAfterMs: Math.max(AT_ONCE_MS, wait),
      });
    }
    case 'verified':
      return verifying('Verified', 'The bundle is verified', {
        decision: {
          kind: 'verifying',
          reason: 'Verified',
          message: 'The bundle is verified',
          record: { artifact: state.artifact },
        },
        requeueAfterMs: AT_ONCE_MS,
      });
  }
}

const unreachable = ({ message, attempts }: { readonly message: string; readonly attempts: number }) =>
  `${message}; tried ${attempts === 1 ? 'once' : `${attempts} times`}, the stable pods are not touched`;

/** Weights that the stable pods already serve need no rollout: the object was made anew, or Pawl was. */
export function adoption(rollout: Rollout): RolloutPlan | undefined {
  const isHere = rollout.stable.digest === rollout.version.spec.artifact.digest;
  return isHere ? rollout.pass('AlreadyServed', 'The stable pods already serve these weights') : undefined;
}

/** An environment may take verified weights as they are. */
export function withoutCanary(rollout: Rollout): RolloutPlan | undefined {
  return rollout.policy.canary.enabled
    ? undefined
    : rollout.pass('CanaryOff', 'Verified; the policy asks for no canary');
}
