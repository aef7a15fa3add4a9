import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { createRandom } from '@pawl/shared/statistics/random';
import { type Behaviour, judgeBy, simulate } from '../test/simulated-rollout.ts';

const limitsWith = (falseAlarm: number) =>
  rolloutPolicySchema.parse({ analysis: { falseAlarm, burstSeconds: 0 } }).analysis;
const stable: Behaviour = { errors: 0.01, slow: 0.02, cats: 0.5 };
const shape = { requestsPerLook: 20, weight: 0.5, steps: 2, looksPerStep: 2, secondsPerLook: 10 };

/** How many of so many rollouts fail. */
function failures(rollouts: number, canary: Behaviour, falseAlarm: number): number {
  const limits = limitsWith(falseAlarm);
  let failed = 0;
  for (let seed = 1; seed <= rollouts; seed++)
    if (simulate({ ...shape, canary, stable }, limits, judgeBy(limits), createRandom(seed)).failed !== undefined)
      failed++;
  return failed;
}

// `npm run bench:judgement` simulates longer rollouts, and more of them at their limits.
describe('a version that fails wrongly', () => {
  it('is none of 10,000 that do exactly what the stable pods do, at a budget of 1 in 1,000', () => {
    expect(failures(10_000, stable, 0.001)).toBe(0);
  });

  it('is less often than the budget one that is at each of its limits', () => {
    // The limits of the default policy: 1 % more errors, p95 at the edge, a shift of 15 %.
    const atLimits = { errors: 0.02, slow: 0.05, cats: 0.65 };
    expect(failures(300, atLimits, 0.1)).toBeLessThanOrEqual(30);
  });

  it('is not one that is far beyond them', () => {
    expect(failures(50, { ...stable, errors: 1 }, 0.001)).toBe(50);
  });
});
