import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { acceptance } from './gates/acceptance.ts';
import { canaryReady } from './gates/canary.ts';
import { promotion, suspended } from './gates/promotion.ts';
import { shortcuts, step } from './gates/steps.ts';
import { adoption, verification, withoutCanary } from './gates/verification.ts';
import { Rollout, type RolloutPlan, type Rules } from './rollout.ts';
import type { StableTrack, Facts } from './facts.ts';

/**
 * The way of the version that is wanted: verify, canary, acceptance, steps with analysis, promotion. Each gate either
 * lets pass (`undefined`) or says what happens instead; the first that speaks decides.
 */
export function planRollout(version: ModelVersion, stable: StableTrack, rules: Rules, facts: Facts): RolloutPlan {
  const rollout = new Rollout(version, stable, rules, facts);
  return (
    suspended(rollout) ??
    promotion(rollout) ??
    verification(rollout) ??
    adoption(rollout) ??
    withoutCanary(rollout) ??
    canaryReady(rollout) ??
    acceptance(rollout) ??
    shortcuts(rollout) ??
    step(rollout)
  );
}
