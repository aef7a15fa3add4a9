import type { RolloutFacts } from '../rollout-facts.ts';
import type { RolloutPlan } from '../rollout-plan.ts';

/** One condition that a version must meet before the stable pods get it. */
export interface Gate {
  /** What has to hold, camelCase; unique. */
  readonly name: string;
  /** What happens instead while it does not hold; undefined: the next gate is asked. Pure. */
  readonly judge: (facts: RolloutFacts) => RolloutPlan | undefined;
}
