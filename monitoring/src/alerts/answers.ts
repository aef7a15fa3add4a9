import { ALARM_EVIDENCE } from '@pawl/shared/drift/drift-detector';
import { type Alert, atLeast, type MakeGroup, PERCENT, type RecordingRule, series, share, WHERE } from '../rule.ts';
import type { RuleSettings } from '../settings.ts';

const TRACK = 'namespace, track';
/** The drop of the estimated accuracy that counts; and below this number of images the estimate is loose. */
const FALL = 0.05;
const FEWEST_IMAGES = 500;

/** What is asked and answered: whether the model still meets the pictures that it was made for. */
export const answers: MakeGroup = (settings) => ({
  name: `${settings.model}-answers`,
  records: [driftEvidence(settings), accuracyEstimate(settings)],
  alerts: [
    inputDrift(settings),
    accuracyFell(settings),
    confidenceFell(settings),
    abstentionHigh(settings),
    imagesRefused(settings),
  ],
});

/**
 * The mean of e-values is an e-value, whatever the pods have in common, so it may be compared with the limit for one of them;
 * the largest of them is none.
 */
const driftEvidence = (settings: RuleSettings): RecordingRule => ({
  record: `${settings.model}:drift_evidence:log10_avg`,
  expr: `log10(avg by (${TRACK}, statistic) (10 ^ ${series(settings)('drift_evidence')}))`,
});

/** Confidences are calibrated, so their mean estimates the share of right answers without a label. */
function accuracyEstimate(settings: RuleSettings): RecordingRule {
  const rate = (suffix: string) => `sum by (${TRACK}) (rate(${series(settings)(suffix)}[1d]))`;
  return {
    record: `${settings.model}:accuracy_estimate:ratio_rate1d`,
    expr: `${rate('prediction_confidence_sum')} / (${rate('prediction_confidence_count')} > 0)`,
  };
}

/**
 * For an annotation: a sentence with a label of the largest of some series of the alert's namespace (and track); nothing where
 * there is none.
 * @param query with `%s` for the value of each of `labels`.
 * @param sentence ends before the label's value.
 */
const largest = (query: string, labels: readonly string[], sentence: string, label: string): string => {
  const values = labels.map((name) => `$labels.${name}`).join(' ');
  return `{{ with query (printf \`${query}\` ${values}) }}${sentence} {{ . | first | label "${label}" }}.{{ end }}`;
};

const inputDrift = (settings: RuleSettings): Alert => ({
  name: 'PawlInputDrift',
  severity: 'warning',
  expr: `max by (${TRACK}) (${settings.model}:drift_evidence:log10_avg{statistic="all"}) >= ${Math.log10(ALARM_EVIDENCE)}`,
  for: '10m',
  when: 'The pictures, or the answers, are no longer distributed as in the reference of the bundle; by chance at most once in 1,000 hours.',
  summary: `The pictures of ${settings.model}${WHERE} are not those that it was made for (evidence 10^{{ $value | printf "%.1f" }}).`,
  description: largest(
    `topk(1, ${settings.model}:drift_evidence:log10_avg{statistic!="all",namespace="%s",track="%s"})`,
    ['namespace', 'track'],
    'The statistic that differs most:',
    'statistic',
  ),
});

const accuracyFell = (settings: RuleSettings): Alert => ({
  name: 'PawlAccuracyFell',
  severity: 'critical',
  // Each pod has its own feedback, so the one that has seen most speaks.
  expr: `min by (${TRACK}) (${series(settings)('accuracy_change_upper_bound')}) < 0`,
  for: '15m',
  when: 'Feedback with true labels shows that fewer answers are right than at the release.',
  summary: `${settings.model}${WHERE} is less accurate than at its release, by {{ printf "%f" $value | reReplaceAll "^-" "" | humanizePercentage }} at least.`,
});

const confidenceFell = (settings: RuleSettings): Alert => ({
  name: 'PawlConfidenceFell',
  severity: 'warning',
  expr: [
    `${settings.model}:accuracy_estimate:ratio_rate1d`,
    `  < max by (${TRACK}) (${series(settings)('accuracy_at_release')}) - ${FALL}`,
    'and',
    atLeast(TRACK, series(settings)('prediction_confidence_count'), '1d', FEWEST_IMAGES),
  ].join('\n'),
  for: '1h',
  when: `Over a day, the mean confidence of the answers is more than ${FALL * 100} points below the accuracy at the release.`,
  summary: `By its confidences, ${PERCENT} of the answers of ${settings.model}${WHERE} are right: ${FALL * 100} points or more below its release.`,
});

const abstentionHigh = (settings: RuleSettings): Alert => ({
  name: 'PawlAbstentionHigh',
  severity: 'warning',
  expr: [
    `${share(TRACK, series(settings)('abstained_total'), series(settings)('prediction_label_total'), '1h')} > ${settings.abstentionLimit}`,
    'and',
    atLeast(TRACK, series(settings)('prediction_label_total'), '1h', 100),
  ].join('\n'),
  for: '30m',
  when: 'More images than the limit are probably none of the labels.',
  summary: `${PERCENT} of the images that ${settings.model}${WHERE} answers are probably none of its labels.`,
});

function imagesRefused(settings: RuleSettings): Alert {
  const refused = series(settings)('image_refused_total');
  const rate = (of: string) => `sum by (namespace) (rate(${of}[30m]))`;
  const answered = rate(series(settings)('prediction_label_total'));
  return {
    name: 'PawlImagesRefused',
    severity: 'warning',
    expr: [
      rate(refused),
      `/ (${rate(refused)} + (${answered} or 0 * ${rate(refused)}))`,
      '> 0.2',
      'and',
      atLeast('namespace', refused, '30m', 50),
    ].join('\n'),
    for: '15m',
    when: 'More than a fifth of the images are refused: broken, too large, or of a format that is not taken.',
    summary: `${PERCENT} of the images that ${settings.model}${WHERE} is sent are refused.`,
    description: largest(
      `topk(1, sum by (code) (increase(${settings.model}_image_refused_total{namespace="%s"}[30m])))`,
      ['namespace'],
      'The most frequent code:',
      'code',
    ),
  };
}
