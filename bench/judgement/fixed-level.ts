import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { latencyEdges } from '../../apps/controller/src/model-version/analysis/counters.ts';
import { histogramQuantile } from '../../apps/controller/src/model-version/analysis/tally.ts';
import type { Judge } from '../../apps/controller/src/model-version/test/simulated-rollout.ts';

/**
 * What Pawl did until its tests became valid at every look: at each of them an exact binomial test of errors and of slow
 * requests, and a normal one of the labels, all at one fixed level.
 * @param level such as 0.001
 * @param z the normal distribution's one-sided quantile of it
 */
export const fixedLevel =
  (limits: RolloutPolicy['analysis'], level: number, z: number): Judge =>
  ({ counted: { canary, stable } }) => {
    const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
    const limit = ratio(stable.errors, stable.requests) + limits.maxErrorRateIncrease;
    if (binomialTail(canary.errors, canary.requests, limit) < level) return 'ErrorRate';
    const asked = Math.max(histogramQuantile(stable, 0.95) * limits.maxP95Ratio, limits.p95FloorSeconds);
    const edge = latencyEdges.findIndex((upper) => upper >= asked);
    const slow = canary.requests - (canary.latency[edge] ?? canary.requests);
    if (stable.requests >= limits.minRequests && binomialTail(slow, canary.requests, 0.05) < level) return 'Latency';
    const [ours, theirs] = [canary.requests, stable.requests];
    if (ours === 0 || theirs === 0) return undefined;
    let [shift, noise] = [0, 0];
    canary.labels.forEach((count, i) => {
      const other = stable.labels[i] ?? 0;
      const pooled = (count + other) / (ours + theirs);
      shift += Math.abs(count / ours - other / theirs) / 2;
      noise += Math.sqrt(pooled * (1 - pooled) * (1 / ours + 1 / theirs)) / 2;
    });
    return shift - z * noise > limits.maxLabelShift ? 'Predictions' : undefined;
  };

/** How likely `count` or more of `of` are when each happens with probability `share`. */
function binomialTail(count: number, of: number, share: number): number {
  if (count <= 0) return 1;
  if (share <= 0) return 0;
  if (share >= 1) return 1;
  let logTerm = of * Math.log(share);
  let sum = Math.exp(logTerm);
  for (let successes = of - 1; successes >= count; successes -= 1) {
    logTerm += Math.log((successes + 1) / (of - successes)) + Math.log((1 - share) / share);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
