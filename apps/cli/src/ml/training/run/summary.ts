import type { Params } from '../../params/params.ts';
import { renderTable, type Cell } from '../../../terminal/table.ts';
import { count, percent, shortDigest } from '../../../terminal/text.ts';
import type { Theme } from '../../../terminal/theme.ts';
import { describeAbstain } from '../../../bundles/describe-abstain.ts';
import type { AbstainReport } from '../evaluation/abstain.ts';
import type { Evaluation, GateViolation } from '../../types.ts';
import type { Assessment } from './assess.ts';

/** Slices on the page: the worst of those that are large enough to mean something. */
const WORST_SLICES = 5;
const SMALLEST_SLICE = 10;

/** Lines with the figures of an assessment: what the gate asks, before and after calibration, and the worst slices. */
export function renderAssessment(
  { test, uncalibrated, calibration, slices, violations }: Assessment,
  abstaining: AbstainReport | undefined,
  gate: Params['gate'],
  theme: Theme,
): readonly string[] {
  const { evaluation } = test;
  const figures = renderTable(
    {
      header: ['measure', 'before', 'calibrated', 'gate', ''],
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

function figureRows(
  before: Evaluation,
  after: Evaluation,
  gate: Params['gate'],
  violations: readonly GateViolation[],
  theme: Theme,
): readonly (readonly Cell[])[] {
  const failed = new Set(violations.map(({ measure }) => measure));
  const verdict = (measure: GateViolation['measure'], asked: boolean): Cell =>
    !asked
      ? ''
      : failed.has(measure)
        ? { text: `${theme.symbols.fail} not met`, tone: 'bad' }
        : { text: theme.symbols.pass, tone: 'good' };
  const row = (
    name: string,
    measure: GateViolation['measure'],
    pick: (evaluation: Evaluation) => number,
    limit: string,
  ): readonly Cell[] => [name, pick(before).toFixed(4), pick(after).toFixed(4), limit, verdict(measure, limit !== '')];
  const atLeast = (value: number) => (value > 0 ? `>= ${value}` : '');
  const atMost = (value: number) => (value < Infinity ? `<= ${value}` : '');
  return [
    row('accuracy', 'accuracy', ({ accuracy }) => accuracy, atLeast(gate.accuracy)),
    ...Object.keys(after.recall).map((label) => {
      const limit = atLeast(gate.recall);
      const below = (after.recall[label] ?? 0) < gate.recall;
      const cells = row(`recall of ${label}`, 'recall', ({ recall }) => recall[label] ?? NaN, limit);
      return below || limit === ''
        ? cells
        : [...cells.slice(0, -1), { text: theme.symbols.pass, tone: 'good' } as const];
    }),
    row('ROC AUC', 'roc_auc', ({ rocAuc }) => rocAuc, atLeast(gate.roc_auc)),
    row('log loss', 'log_loss', ({ logLoss }) => logLoss, atMost(gate.log_loss)),
    row('calibration error', 'ece', ({ ece }) => ece, gate.ece < 1 ? atMost(gate.ece) : ''),
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
  { spec, share, accuracyOfAnswered, neither }: AbstainReport,
  theme: Theme,
): readonly string[] {
  const caught =
    neither === undefined ? '' : `, and from ${percent(neither.caught)} of ${neither.count} pictures of neither`;
  return [
    theme.paint('strong', `Abstains below ${spec.threshold.toFixed(3)} of ${describeAbstain(spec)}`),
    `  from ${percent(share)} of the test pictures${caught}; ${percent(accuracyOfAnswered)} of the others are right`,
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
}

/** Lines on where everything lies and what comes next. */
export function renderTrainingOutcome(outcome: TrainingOutcome, theme: Theme): readonly string[] {
  const { name, version, reason, digest, signed, out, reports, run, registered } = outcome;
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
    theme.asCalled(`  pawl inspect ${out}`),
    ...(signed ? [] : [theme.asCalled(`  pawl sign ${out} --key KEY.pem`)]),
    theme.asCalled(`  pawl publish ${out} oci://REGISTRY/${name}:${version}`),
    theme.asCalled(`  pawl release oci://REGISTRY/${name}:${version} --env staging`),
  ];
}
