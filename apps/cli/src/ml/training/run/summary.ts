import type { Params } from '../../params/params.ts';
import { renderTable, type Cell } from '../../../terminal/table.ts';
import { count, percent, shortDigest } from '../../../terminal/text.ts';
import type { Theme } from '../../../terminal/theme.ts';
import { describeAbstain } from '../../../bundles/describe-abstain.ts';
import type { AbstainReport } from '../evaluation/abstain.ts';
import type { Evaluation, GateViolation } from '../../types.ts';
import { levelOf, shareIntervals } from '../evaluation/gate.ts';
import { changesOf } from '../../../bundles/diff/paired.ts';
import type { ShareInterval } from '@pawl/shared/statistics/share-interval';
import type { Assessment } from './assess.ts';
import type { PreviousComparison } from './compare-previous.ts';

/** Slices on the page: the worst of those that are large enough to mean something. */
const WORST_SLICES = 5;
const SMALLEST_SLICE = 10;

/** What is shown of a model that was measured. */
export interface Judgement {
  readonly assessment: Assessment;
  readonly violations: readonly GateViolation[];
  readonly abstaining: AbstainReport | undefined;
  readonly comparison: PreviousComparison | undefined;
}

/**
 * Lines with the figures of an assessment: what the gate asks, before and after calibration, the comparison with what is
 * replaced, and the worst slices.
 */
export function renderAssessment(
  { assessment, violations, abstaining, comparison }: Judgement,
  gate: Params['gate'],
  theme: Theme,
): readonly string[] {
  const { test, uncalibrated, calibration, slices } = assessment;
  const { evaluation } = test;
  const figures = renderTable(
    {
      header: ['measure', 'before', 'calibrated', `${percent(levelOf(gate))} interval`, 'gate', ''],
      rows: figureRows(uncalibrated, evaluation, gate, violations, theme),
    },
    theme,
    '  ',
  );
  const worst = slices
    .filter(({ count: size }) => size >= SMALLEST_SLICE)
    .sort((a, b) => a.accuracy - b.accuracy)
    .slice(0, WORST_SLICES);
  return [
    theme.paint(
      'strong',
      `Test split: ${count(evaluation.count, 'picture')}, temperature ${calibration.temperature.toFixed(3)}${calibrationNotes[calibration.outcome]}`,
    ),
    ...figures,
    ...(comparison === undefined ? [] : ['', ...comparisonLines(comparison, theme)]),
    ...(abstaining === undefined ? [] : ['', ...abstainLines(abstaining, theme)]),
    ...(worst.length === 0 ? [] : ['', theme.paint('strong', 'Worst slices'), ...renderSlices(worst, theme)]),
  ];
}

/** Lines of a table of slices. */
export function renderSlices(slices: Assessment['slices'], theme: Theme): readonly string[] {
  return renderTable(
    {
      header: ['by', 'value', 'pictures', 'accuracy', '95 % interval'],
      rows: slices.map(({ by, value, count: size, accuracy, interval: { lower, upper } }) => [
        by,
        value,
        String(size),
        percent(accuracy),
        `${percent(lower)} ${theme.symbols.dash} ${percent(upper)}`,
      ]),
    },
    theme,
    '  ',
  );
}

/** Lines on the new model beside the one that it replaces. */
function comparisonLines(comparison: PreviousComparison, theme: Theme): readonly string[] {
  if (comparison.kind === 'skipped') return [theme.paint('warn', `Not compared: ${comparison.reason}.`)];
  const { before, paired } = comparison;
  const { arrow } = theme.symbols;
  return [
    theme.paint('strong', `Against ${before}, on the same ${count(paired.count, 'picture')}`),
    `  accuracy ${paired.accuracyBefore.toFixed(4)} ${arrow} ${paired.accuracyAfter.toFixed(4)}: ${changesOf(paired)} (exact McNemar)`,
  ];
}

function figureRows(
  before: Evaluation,
  after: Evaluation,
  gate: Params['gate'],
  violations: readonly GateViolation[],
  theme: Theme,
): readonly (readonly Cell[])[] {
  const verdict = (failed: boolean, asked: boolean): Cell => {
    if (!asked) return '';
    return failed ? { text: `${theme.symbols.fail} not met`, tone: 'bad' } : { text: theme.symbols.pass, tone: 'good' };
  };
  const row = (
    name: string,
    pick: (evaluation: Evaluation) => number,
    interval: string,
    limit: string,
    failed: boolean,
  ): readonly Cell[] => [
    name,
    pick(before).toFixed(4),
    pick(after).toFixed(4),
    interval,
    limit,
    verdict(failed, limit !== ''),
  ];
  const failed = (measure: GateViolation['measure'], label?: string) =>
    violations.some((violation) => violation.measure === measure && violation.label === label);
  const atLeast = (value: number) => (value > 0 ? `>= ${value}` : '');
  const atMost = (value: number) => (value < Infinity ? `<= ${value}` : '');
  const ends = ({ lower, upper }: ShareInterval) =>
    Number.isNaN(lower) ? '' : `${lower.toFixed(4)} ${theme.symbols.dash} ${upper.toFixed(4)}`;
  const { accuracy, recall } = shareIntervals(after, gate);
  return [
    row('accuracy', (of) => of.accuracy, ends(accuracy), atLeast(gate.accuracy), failed('accuracy')),
    ...Object.entries(recall).map(([label, interval]) =>
      row(
        `recall of ${label}`,
        (of) => of.recall[label] ?? NaN,
        ends(interval),
        atLeast(gate.recall),
        failed('recall', label),
      ),
    ),
    row('ROC AUC', (of) => of.rocAuc, '', atLeast(gate.roc_auc), failed('roc_auc')),
    row('log loss', (of) => of.logLoss, '', atMost(gate.log_loss), failed('log_loss')),
    row('calibration error', (of) => of.ece, '', gate.ece < 1 ? atMost(gate.ece) : '', failed('ece')),
  ];
}

const calibrationNotes: Readonly<Record<Assessment['calibration']['outcome'], string>> = {
  fitted: '',
  separable: ' (not fitted: every validation picture is answered rightly)',
  unproven: ' (the validation pictures do not speak against it)',
  bound: ' (at its bound)',
};

/** Lines on when a model abstains and what that does. */
export function abstainLines(
  { spec, expected, share, interval, accuracyOfAnswered, neither }: AbstainReport,
  theme: Theme,
): readonly string[] {
  const between = ({ lower, upper }: ShareInterval) => `${percent(lower)} ${theme.symbols.dash} ${percent(upper)}`;
  const promised = expected === undefined ? '' : `; chosen for ${percent(expected)}`;
  return [
    theme.paint('strong', `Abstains below ${describeAbstain(spec)} ${spec.threshold.toFixed(3)}`),
    `  from ${percent(share)} of the test pictures (${between(interval)}${promised}); ${percent(accuracyOfAnswered)} of the others are right`,
    ...(neither === undefined
      ? []
      : [`  from ${percent(neither.caught)} of ${neither.count} pictures of neither (${between(neither.interval)})`]),
  ];
}

/** What ends a run that made a bundle. */
export interface TrainingOutcome {
  readonly name: string;
  readonly version: string;
  readonly reason: string;
  readonly digest: string;
  readonly signed: boolean;
  /** As a person would type them. */
  readonly out: string;
  readonly reports: string;
  readonly run: string;
  readonly registered: string | undefined;
  /** Command lines that ask and serve the bundle. */
  readonly tryIt: readonly string[];
}

/** Lines on where everything lies and what comes next. */
export function renderTrainingOutcome(outcome: TrainingOutcome, theme: Theme): readonly string[] {
  const { name, version, reason, digest, signed, out, reports, run, registered, tryIt } = outcome;
  return [
    theme.paint('strong', `${name} ${version}`) + theme.paint('dim', `  ${reason}`),
    ...renderTable(
      {
        rows: [
          ['bundle', `${out}  ${shortDigest(digest)}${signed ? '  signed' : ''}`],
          ['reports', reports],
          ['run', run],
          ...(registered === undefined ? [] : [['registered', registered]]),
        ],
      },
      theme,
      '  ',
    ),
    '',
    'Next:',
    ...tryIt.map((line) => theme.asCalled(`  ${line}`)),
    theme.asCalled(`  pawl inspect ${out}`),
    ...(signed ? [] : [theme.asCalled(`  pawl sign ${out} --key KEY.pem`)]),
    theme.asCalled(`  pawl publish ${out} oci://REGISTRY/${name}:${version}`),
    theme.asCalled(`  pawl release oci://REGISTRY/${name}:${version} --env staging`),
  ];
}
