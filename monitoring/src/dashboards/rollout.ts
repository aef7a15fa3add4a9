import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import { type Board, type Mark, modelVariables } from './board.ts';
import { byPhase, byTrack, byTrackAndLabel, colours } from './colours.ts';
import { bars, figure, limits, lines } from './panels.ts';
import {
  everywhere,
  latencyBuckets,
  mean,
  ofController,
  ofModel,
  quantile,
  rate,
  requests,
  shareOf,
  WINDOW,
} from './queries.ts';

const phases = (matchers?: string) =>
  `sum by (phase) (max by (namespace, phase) (${ofController('model_versions', matchers)}))`;
const inPhase = (phase: string) => `sum(max by (namespace) (${ofController('model_versions', `phase="${phase}"`)}))`;
const judged = (outcome: string) => everywhere('verdicts', `model_namespace=~"$namespace",outcome="${outcome}"`);
const verdicts = (outcome: string) => `sum by (reason) (max by (model_namespace, reason) (${judged(outcome)}))`;
const labels = (matchers?: string) => ofModel(inferenceMetrics.predictionLabel.suffix, matchers);
const confidence = (part: '_sum' | '_count') => ofModel(`prediction_confidence${part}`);
const infoOf = (track: string) => `count by (version) (${ofModel('model_info', `track="${track}"`)})`;

/** Share of each label among the answers of a track. */
const mixOf = (track: string) =>
  `${rate(labels(`track="${track}"`), 'label')} / scalar(${rate(labels(`track="${track}"`))})`;

/** Versions came to an end: the number with that verdict grew. */
const ended = (name: string, outcome: string, colour: string): Mark => ({
  name,
  expr: `sum by (reason) (delta(${judged(outcome)}${WINDOW})) > 0`,
  text: '{{reason}}',
  colour,
});

const figures = [
  figure({
    title: 'Stable version',
    description: 'What the stable pods serve.',
    unit: 'short',
    empty: 'none',
    query: { expr: infoOf('stable'), legend: '{{version}}' },
    named: true,
  }),
  figure({
    title: 'Canary version',
    description: 'What the canary pods serve; none while nothing is rolled out.',
    unit: 'short',
    empty: 'none',
    query: { expr: infoOf('canary'), legend: '{{version}}' },
    named: true,
  }),
  figure({
    title: 'Share of the canary',
    description: 'Share of the requests for predictions that the canary answers: how far the rollout is.',
    unit: 'percentunit',
    decimals: 1,
    query: { expr: shareOf(rate(requests('track="canary"')), rate(requests())) },
  }),
  figure({
    title: 'Under way',
    description: 'Versions that are verified, in canary or promoted now, in this namespace.',
    runbook: 'PawlVersionStuck',
    unit: 'short',
    decimals: 0,
    query: {
      expr: `sum(max by (namespace, phase) (${ofController('model_versions', 'phase=~"Verifying|Canary|Promoting"')}))`,
    },
  }),
  figure({
    title: 'Failed',
    description:
      'Versions that failed and are not tried again. The stable pods never had them, or have the previous ones again.',
    runbook: 'PawlVersionFailed',
    unit: 'short',
    decimals: 0,
    limits: [{ from: 1, colour: colours.warning }],
    query: { expr: inPhase('Failed') },
  }),
  figure({
    title: 'Shift of the answers',
    description:
      'Share of the answers that would have to be another label for canary and stable to have the same mix (total variation distance).',
    unit: 'percentunit',
    decimals: 1,
    empty: 'no canary',
    limits: limits(0.1, 0.15),
    query: { expr: `0.5 * sum(abs(${mixOf('canary')} - ${mixOf('stable')}))` },
  }),
];

const comparison = [
  lines({
    title: 'Requests',
    description: 'Requests for predictions a second, by track.',
    unit: 'reqps',
    min: 0,
    stacked: 'normal',
    paints: byTrack,
    queries: [{ expr: rate(requests(), 'track'), legend: '{{track}}' }],
  }),
  lines({
    title: 'Failed requests',
    description: 'Share of each track’s requests that were answered with 5xx. The gate compares the two.',
    runbook: 'PawlCanaryErrors',
    unit: 'percentunit',
    min: 0,
    paints: byTrack,
    queries: [
      {
        // 0 where nothing failed: a counter that never counted has no series.
        expr: `(${rate(requests('status=~"5.."'), 'track')} or 0 * ${rate(requests(), 'track')}) / ${rate(requests(), 'track')}`,
        legend: '{{track}}',
      },
    ],
  }),
  lines({
    title: 'Latency',
    description: '95 % of each track’s requests are answered in less.',
    unit: 's',
    min: 0,
    paints: byTrack,
    queries: [{ expr: quantile(0.95, latencyBuckets, 'track'), legend: '{{track}}' }],
  }),
  lines({
    title: 'Labels',
    description:
      'Share of each label among the answers of each track. Lines of one colour should lie together; the canary’s are dashed.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    paints: byTrackAndLabel,
    queries: [
      { expr: mixOf('stable'), legend: 'stable {{label}}' },
      { expr: mixOf('canary'), legend: 'canary {{label}}' },
    ],
  }),
  lines({
    title: 'Confidence',
    description: 'Mean confidence of each track, which is its expected accuracy, since confidences are calibrated.',
    unit: 'percentunit',
    max: 1,
    paints: byTrack,
    queries: [{ expr: mean(confidence, 'track'), legend: '{{track}}' }],
  }),
  lines({
    title: 'Versions by phase',
    description: 'Every version of this namespace that still exists, by where it is.',
    unit: 'short',
    decimals: 0,
    min: 0,
    stacked: 'normal',
    paints: byPhase,
    queries: [{ expr: phases(), legend: '{{phase}}' }],
  }),
];

const ends = [
  bars({
    title: 'Why versions passed',
    description: 'Versions that exist, by the reason of their verdict.',
    width: 12,
    unit: 'short',
    decimals: 0,
    queries: [{ expr: `${verdicts('Passed')} > 0`, legend: '{{reason}}' }],
  }),
  bars({
    title: 'Why versions failed',
    description: 'Versions that exist, by the reason of their verdict; `pawl explain` tells more of each.',
    runbook: 'PawlVersionFailed',
    width: 12,
    unit: 'short',
    decimals: 0,
    limits: [{ from: 1, colour: colours.bad }],
    queries: [{ expr: `${verdicts('Failed')} > 0`, legend: '{{reason}}' }],
  }),
];

const pods = [
  lines({
    title: 'Pods by version',
    description: 'Pods that serve each version, by track.',
    runbook: 'PawlWeightsDiffer',
    width: 12,
    unit: 'short',
    decimals: 0,
    min: 0,
    stacked: 'normal',
    paints: byTrack,
    queries: [{ expr: `sum by (track, version) (${ofModel('model_info')})`, legend: '{{track}} {{version}}' }],
  }),
  lines({
    title: 'Pods that are ready',
    description: 'Pods whose model is verified, warm and answers as expected, by track.',
    width: 12,
    unit: 'short',
    decimals: 0,
    min: 0,
    paints: byTrack,
    queries: [{ expr: `sum by (track) (${ofModel('model_ready')})`, legend: '{{track}}' }],
  }),
];

/** New weights against the ones that serve. */
export const rollout: Board = {
  name: 'rollout',
  title: 'Pawl / Rollout',
  description: 'Versions on their way: canary beside stable, and how rollouts ended.',
  variables: modelVariables,
  marks: [ended('Version passed', 'Passed', colours.good), ended('Version failed', 'Failed', colours.bad)],
  panels: [...figures, ...comparison],
  rows: [
    { title: 'Verdicts', panels: ends },
    { title: 'Pods', panels: pods },
  ],
};
