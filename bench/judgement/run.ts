/**
 * `npm run bench:judgement`: how often a version fails wrongly, and after how many requests a bad one fails, beside tests at a
 * fixed level. Simulated; needs nothing, and takes some minutes.
 *
 *   npm run bench:judgement -- [--rollouts 10000] [--detections 200]
 */
import { parseArgs } from 'node:util';
import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { createRandom } from '@pawl/shared/statistics/random';
import {
  type Behaviour,
  type Judge,
  judgeBy,
  type Rollout,
  simulate,
} from '../../apps/controller/src/model-version/test/simulated-rollout.ts';
import { fixedLevel } from './fixed-level.ts';
import { type Difference, leastRequests } from './least.ts';

const { values: options } = parseArgs({
  options: { rollouts: { type: 'string', default: '10000' }, detections: { type: 'string', default: '200' } },
});
const [rollouts, detections] = [Number(options.rollouts), Number(options.detections)];
const limits = rolloutPolicySchema.parse({ analysis: { burstSeconds: 0 } }).analysis;
const judges: readonly (readonly [name: string, judge: Judge])[] = [
  ['Pawl', judgeBy(limits)],
  ['fixed level 0.001', fixedLevel(limits, 0.001, 3.09)],
  // About as rarely wrong over a rollout as Pawl is allowed to be.
  ['fixed level 0.00003', fixedLevel(limits, 0.00003, 4.01)],
];

const same: Behaviour = { errors: 0.01, slow: 0.02, cats: 0.5 };
const atLimits: Behaviour = { errors: 0.02, slow: 0.05, cats: 0.65 };
const hour: Omit<Rollout, 'canary' | 'stable'> = {
  requestsPerLook: 20,
  weight: 0.25,
  steps: 3,
  looksPerStep: 120,
  secondsPerLook: 10,
};

process.stdout.write(
  `Rollouts of 3 steps of 20 minutes, 2 requests a second, a look every 10 s: failed of each 1,000\n`,
);
for (const [name, canary] of [
  ['does what the stable pods do', same],
  ['is at all of its limits', atLimits],
] as const) {
  for (const [judgeName, judge] of judges) {
    let failed = 0;
    for (let seed = 1; seed <= rollouts; seed++)
      if (simulate({ ...hour, canary, stable: same }, limits, judge, createRandom(seed)).failed !== undefined) failed++;
    process.stdout.write(`  ${name.padEnd(30)} ${judgeName.padEnd(20)} ${((failed / rollouts) * 1000).toFixed(2)}\n`);
  }
}

process.stdout.write(
  `Requests to the canary until it fails, median of ${detections}, and the least mean of any test of this budget\n`,
);
const calm: Behaviour = { errors: 0, slow: 0.02, cats: 0.5 };
const faults: readonly (readonly [name: string, canary: Behaviour, stable: Behaviour])[] = [
  ['every request fails', { ...calm, errors: 1 }, calm],
  ['20 % fail', { ...calm, errors: 0.2 }, calm],
  ['5 % fail', { ...calm, errors: 0.05 }, calm],
  ['6 % fail, 1 % of the stable', { ...calm, errors: 0.06 }, { ...calm, errors: 0.01 }],
  ['every request is slow', { ...calm, slow: 1 }, calm],
  ['25 % are slow', { ...calm, slow: 0.25 }, calm],
  ['always "cat"', { ...calm, cats: 1 }, calm],
  ['90 % "cat"', { ...calm, cats: 0.9 }, calm],
  ['75 % "cat"', { ...calm, cats: 0.75 }, calm],
];
/** What the checks compare, where the canary is beyond it. */
const differences = (canary: Behaviour, stable: Behaviour): readonly Difference[] =>
  [
    { canary: canary.errors, stable: stable.errors, margin: limits.maxErrorRateIncrease },
    { canary: canary.slow, stable: stable.slow, margin: 0, floor: 0.05 },
    { canary: canary.cats, stable: stable.cats, margin: limits.maxLabelShift },
  ].filter(({ canary: ours, stable: theirs, margin, floor = 0 }) => ours > Math.max(theirs + margin, floor));
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
for (const [name, canary, stable] of faults) {
  const shape: Rollout = {
    canary,
    stable,
    requestsPerLook: 8,
    weight: 0.25,
    steps: 1,
    looksPerStep: 4000,
    secondsPerLook: 1,
  };
  const needed = judges.map(([, judge]) =>
    median(
      Array.from({ length: detections }, (_, seed) => {
        const { failed, canaryRequests } = simulate(shape, limits, judge, createRandom(seed + 1));
        return failed === undefined ? Infinity : canaryRequests;
      }),
    ),
  );
  const [ours = 0, today = 0] = needed;
  const least = Math.min(
    ...differences(canary, stable).map((difference) =>
      leastRequests(difference, (1 - shape.weight) / shape.weight, limits.falseAlarm),
    ),
  );
  process.stdout.write(
    `  ${name.padEnd(30)} ${needed.join('  ').padEnd(24)} ${(ours / today).toFixed(2)} x; no test needs fewer than ${least.toFixed(1)}\n`,
  );
}
