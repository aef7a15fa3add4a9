import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Facts, StableTrack } from './facts.ts';
import { gates } from './gates/gates.ts';
import { rolloutFacts, type Rules } from './rollout-facts.ts';
import type { RolloutPlan } from './rollout-plan.ts';

/** The rollout of the target version: the first gate that does not let it pass decides. */
export function planRollout(version: ModelVersion, stable: StableTrack, rules: Rules, facts: Facts): RolloutPlan {
  const about = rolloutFacts(version, stable, rules, facts);
  for (const gate of gates) {
    const plan = gate.judge(about);
    if (plan !== undefined) return plan;
  }
  throw new Error('No gate decided; the last one must.');
}
