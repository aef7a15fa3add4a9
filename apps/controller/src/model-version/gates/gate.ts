import type { RolloutFacts } from '../rollout-facts.ts';
import type { RolloutPlan } from '../rollout-plan.ts';

/** One condition on the way of a version to the stable pods. */
export interface Gate {
  /** What has to hold, camelCase; unique. */
  readonly name: string;
  /** What happens instead while it does not hold; undefined: the next gate is asked. Pure. */
  readonly judge: (facts: RolloutFacts) => RolloutPlan | undefined;
}
