import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import { type Board, labelVariable, modelVariables } from './board.ts';
import { byLabel, colours } from './colours.ts';
import { bars, columns, figure, heat, limits, lines } from './panels.ts';
import { combinedEvidence, mean, ofModel, quantile, rate, shareOf, total, WINDOW } from './queries.ts';

/** Feedback comes late and seldom: its shares are taken over this time. */
const FEEDBACK_WINDOW = '[1h]';

const labels = ofModel(inferenceMetrics.predictionLabel.suffix);
const confidence = (part: '_sum' | '_count' | '_bucket') => ofModel(`prediction_confidence${part}`);
const feedback = (matchers?: string) => ofModel('feedback_total', matchers);
const bins = ofModel(inferenceMetrics.driftBin.suffix, 'statistic="$statistic"');
const evidence = (matchers: string) => ofModel('drift_evidence', matchers);

/** Share of the feedback of a window that says that the answer was right, by a label of the metric. */
const accuracy = (window: string, by?: string) => {
  const sum = by === undefined ? 'sum' : `sum by (${by})`;
  const all = `${sum}(increase(${feedback()}${window}))`;
  // 0 where nothing was right: then there is no series to count.
  return `(${sum}(increase(${feedback('correct="true"')}${window})) or 0 * ${all}) / ${all}`;
};

const figures = [
  figure({
    title: 'Pictures classified',
    description: 'Pictures that got an answer, a second.',
    unit: 'ops',
    query: { expr: rate(labels) },
  }),
  figure({
    title: 'Expected accuracy',
    description:
      'Mean confidence: what share is right if confidences are calibrated. It needs no feedback, and misses what the model does not know that it does not know.',
    runbook: 'PawlConfidenceFell',
    unit: 'percentunit',
    decimals: 1,
    query: { expr: mean(confidence) },
  }),
  figure({
    title: 'Measured accuracy',
    description:
      'Share of the answers with feedback in this time that were right. People tell of errors more often than of successes.',
    runbook: 'PawlAccuracyFell',
    unit: 'percentunit',
    decimals: 1,
    empty: 'no feedback',
    query: { expr: accuracy('[$__range]') },
  }),
  figure({
    title: 'Pictures of neither',
    description: 'Share of the pictures that are probably none of the labels.',
    runbook: 'PawlAbstentionHigh',
    unit: 'percentunit',
    decimals: 1,
    query: { expr: shareOf(rate(ofModel('abstained_total')), rate(labels)) },
  }),
  figure({
    title: 'Evidence of drift',
    description:
      'log10 of an e-value: 3 is an alarm that is false at most once in 1,000 hours of a pod; 0 and less is none.',
    runbook: 'PawlInputDrift',
    unit: 'short',
    decimals: 1,
    limits: limits(2, 3),
    empty: 'no reference',
    query: { expr: combinedEvidence(evidence('statistic="all"')) },
  }),
  figure({
    title: 'Answers with feedback',
    description: 'Feedback of this time for each answer of this time.',
    unit: 'percentunit',
    decimals: 1,
    query: { expr: shareOf(total(feedback()), total(labels)) },
  }),
];

const answers = [
  lines({
    title: 'Labels',
    description: 'Share of each label among the answers.',
    unit: 'percentunit',
    min: 0,
    stacked: 'percent',
    paints: byLabel,
    queries: [{ expr: rate(labels, 'label'), legend: '{{label}}' }],
  }),
  heat({
    title: 'How sure the answers are',
    description: 'Answers by their confidence. A model that meets strange pictures loses its upper band.',
    unit: 'percentunit',
    query: { expr: `sum by (le) (increase(${confidence('_bucket')}${WINDOW}))` },
  }),
  lines({
    title: 'Accuracy, expected and measured',
    description:
      'Expected: mean confidence. Measured: from the feedback of the last hour. At release: on the pictures that were not trained on.',
    runbook: 'PawlAccuracyFell',
    unit: 'percentunit',
    max: 1,
    paints: [
      { name: '^expected$', colour: colours.plain },
      { name: '^measured$', colour: colours.good },
      { name: '^at release', colour: colours.quiet },
    ],
    queries: [
      { expr: mean(confidence), legend: 'expected' },
      { expr: accuracy(FEEDBACK_WINDOW), legend: 'measured' },
      { expr: `avg by (version) (${ofModel('accuracy_at_release')})`, legend: 'at release {{version}}' },
    ],
  }),
  lines({
    title: 'What drifts',
    description:
      'Evidence of each statistic that it is not as in the reference; "all" is all of them together. The dashed line is the alarm; below 0 there is none.',
    runbook: 'PawlInputDrift',
    unit: 'short',
    decimals: 1,
    min: 0,
    limits: [{ from: 3, colour: colours.bad }],
    limitLines: true,
    queries: [
      { expr: combinedEvidence(evidence('statistic="all"')), legend: 'all' },
      { expr: combinedEvidence(evidence('statistic!="all"'), 'statistic'), legend: '{{statistic}}' },
    ],
    paints: [{ name: '^all$', colour: colours.bad }],
  }),
  bars({
    title: 'Most to blame',
    description: 'The statistics with the most evidence now.',
    runbook: 'PawlInputDrift',
    unit: 'short',
    decimals: 1,
    min: 0,
    limits: limits(2, 3),
    queries: [
      {
        expr: `topk(8, clamp_min(${combinedEvidence(evidence('statistic!="all"'), 'statistic')}, 0))`,
        legend: '{{statistic}}',
      },
    ],
  }),
  columns({
    title: '$statistic: now and in the reference',
    description:
      'Share of the pictures in each bin of the statistic chosen above; bins of a number are tenths of the reference, from the smallest on.',
    unit: 'percentunit',
    min: 0,
    by: 'bin',
    columns: [
      {
        name: 'now',
        colour: colours.plain,
        expr: `sum by (bin) (increase(${bins}[$__range])) / scalar(sum(increase(${bins}[$__range])))`,
      },
      {
        name: 'reference',
        colour: colours.quiet,
        expr: `avg by (bin) (${ofModel('drift_reference_share', 'statistic="$statistic"')})`,
      },
    ],
  }),
];

const accuracyRow = [
  lines({
    title: 'Change of accuracy since the release',
    description:
      'The change lies between the two lines, at any time, with a confidence that holds at every look. Both below zero: it fell for certain; both above: it rose. The widest bounds of all pods.',
    runbook: 'PawlAccuracyFell',
    unit: 'percentunit',
    paints: [
      { name: '^at least$', colour: colours.bad },
      { name: '^at most$', colour: colours.good },
    ],
    queries: [
      { expr: `min(${ofModel('accuracy_change_lower_bound')})`, legend: 'at least' },
      { expr: `max(${ofModel('accuracy_change_upper_bound')})`, legend: 'at most' },
    ],
  }),
  lines({
    title: 'Accuracy by label',
    description: 'Share of the pictures of each true label that were answered right, by the feedback of the last hour.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    paints: byLabel,
    queries: [{ expr: accuracy(FEEDBACK_WINDOW, 'label'), legend: '{{label}}' }],
  }),
  lines({
    title: 'Accuracy by version',
    description: 'Share of the answers of each version that were right, by the feedback of the last hour.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    queries: [{ expr: accuracy(FEEDBACK_WINDOW, 'version'), legend: '{{version}}' }],
  }),
];

const feedbackRow = [
  lines({
    title: 'Feedback',
    description:
      'Feedback that was counted a second, by whether the answer was right; what came twice; what was refused, by reason.',
    unit: 'ops',
    min: 0,
    paints: [
      { name: '^right$', colour: colours.good },
      { name: '^wrong$', colour: colours.bad },
      { name: '^twice$', colour: colours.quiet },
    ],
    queries: [
      { expr: rate(feedback('correct="true"')), legend: 'right' },
      { expr: rate(feedback('correct="false"')), legend: 'wrong' },
      { expr: rate(ofModel('feedback_duplicate_total')), legend: 'twice' },
      { expr: rate(ofModel('feedback_refused_total'), 'reason'), legend: 'refused: {{reason}}' },
    ],
  }),
  lines({
    title: 'How long feedback takes',
    description:
      'Time from an answer to its feedback that half and 95 % stay below. What is measured is as old as that.',
    unit: 's',
    min: 0,
    queries: [0.5, 0.95].map((share) => ({
      expr: quantile(share, ofModel('feedback_delay_seconds_bucket')),
      legend: `p${share * 100}`,
    })),
  }),
  lines({
    title: 'Log of predictions',
    description:
      'Predictions a second that were written to the log, dropped because it was too slow, or lost; and those that wait.',
    runbook: 'PawlPredictionLogLosing',
    unit: 'ops',
    min: 0,
    paints: [
      { name: '^written$', colour: colours.good },
      { name: '^dropped$', colour: colours.warning },
      { name: '^failed$', colour: colours.bad },
      { name: '^waiting$', colour: colours.quiet },
    ],
    queries: [
      { expr: rate(ofModel('prediction_log_total'), 'outcome'), legend: '{{outcome}}' },
      { expr: `sum(${ofModel('prediction_log_queue')})`, legend: 'waiting' },
    ],
  }),
  lines({
    title: 'Spans that were dropped',
    description:
      'Parts of traces a second that the collector did not take, or that came faster than they could be sent. Answers do not wait for them.',
    unit: 'ops',
    min: 0,
    empty: 'no tracing',
    queries: [{ expr: rate(ofModel('trace_spans_dropped_total'), 'pod'), legend: '{{pod}}' }],
  }),
];

const statistic = labelVariable({
  name: 'statistic',
  label: 'Statistic',
  description: 'What the bins are of.',
  query: `label_values(${ofModel('drift_reference_share')}, statistic)`,
});

/** What the model is asked and answers, and whether that is still what it was made for. */
export const model: Board = {
  name: 'model',
  title: 'Pawl / Model',
  description: 'Labels, confidence, drift and accuracy of a model.',
  variables: [...modelVariables, statistic],
  panels: [...figures, ...answers],
  rows: [
    { title: 'Accuracy', panels: accuracyRow },
    { title: 'Feedback, log and traces', panels: feedbackRow },
  ],
};
