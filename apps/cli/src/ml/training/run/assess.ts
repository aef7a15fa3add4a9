import type { DatasetItem } from '../../data/dataset.ts';
import type { GateParams } from '../../params/params.ts';
import {
  chooseAbstaining,
  familiarityScores,
  measureAbstaining,
  type AbstainReport,
  type ScoredRows,
} from '../evaluation/abstain.ts';
import { chooseTemperature, scaleHead, type Calibration } from '../evaluation/calibration.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import { shareIntervals } from '../evaluation/gate.ts';
import { toAnswers, toProbabilities, type Answers } from '../evaluation/probabilities.ts';
import { sliceTable } from '../evaluation/slices.ts';
import { headLogits } from '../head/linear.ts';
import type { Head } from '../../../bundles/onnx/head.ts';
import type { Evaluation, FeatureTable, Slice } from '../../types.ts';

/** A binary head answers its second label from here on. */
export const THRESHOLD = 0.5;

/** What a head says of one split. */
interface SplitAnswers extends ScoredRows {
  readonly logits: Float64Array;
  /** `rows * labels`. */
  readonly probabilities: Float64Array;
  readonly answers: Answers;
  readonly evaluation: Evaluation;
}

/** Everything that is measured of a trained head. */
export interface Assessment {
  /** Calibrated: this is what is shipped. */
  readonly head: Head;
  readonly calibration: Calibration;
  readonly val: SplitAnswers;
  readonly test: SplitAnswers;
  /** On the test split, before calibration. */
  readonly uncalibrated: Evaluation;
  /** Whether each test picture is answered rightly. */
  readonly right: readonly boolean[];
  readonly slices: readonly Slice[];
}

/** What the graph itself says of pictures: how surely each is any of the labels. */
export interface Familiar {
  /** Name of the output. */
  readonly output: string;
  /** Rows of the validation and of the test split, float64. */
  readonly val: Float64Array;
  readonly test: Float64Array;
}

export interface AssessmentInput {
  readonly head: Head;
  readonly labels: readonly string[];
  readonly val: FeatureTable;
  readonly test: FeatureTable;
  readonly testItems: readonly DatasetItem[];
}

/** Calibrates a head on the validation split and measures it on the test split. Pure. */
export function assess({ head, labels, val, test, testItems }: AssessmentInput): Assessment {
  const calibration = chooseTemperature(headLogits(head, val), head.kind, head.outputs, val.classes);
  const calibrated = scaleHead(head, calibration.temperature);
  const measured = answersOf(calibrated, labels, test);
  const right = Array.from(test.classes, (label, row) => measured.answers.answered[row] === label);
  return {
    head: calibrated,
    calibration,
    val: answersOf(calibrated, labels, val),
    test: measured,
    uncalibrated: answersOf(head, labels, test).evaluation,
    right,
    slices: sliceTable(testItems, right),
  };
}

function answersOf(head: Head, labels: readonly string[], table: FeatureTable): SplitAnswers {
  const logits = headLogits(head, table);
  const probabilities = toProbabilities(logits, head.kind, head.outputs);
  const threshold = head.kind === 'binary' ? THRESHOLD : undefined;
  return {
    logits,
    probabilities,
    rows: table.rows,
    answers: toAnswers(probabilities, labels.length, threshold),
    evaluation: evaluate(probabilities, table.classes, labels, threshold),
  };
}

/** When the model abstains, and what that does; undefined: it always answers. */
export function assessAbstaining(
  { head, val, test, right }: Assessment,
  rate: number,
  { familiar, neither }: { readonly familiar: Familiar | undefined; readonly neither: ScoredRows | undefined },
): AbstainReport | undefined {
  const chosen = chooseAbstaining(head.kind, { ...val, known: familiar?.val }, rate, {
    neither,
    output: familiar?.output,
  });
  if (chosen === undefined) return undefined;
  const { spec, expected } = chosen;
  const scores = (said: ScoredRows) => familiarityScores(spec.score, said);
  const ofTest = scores({ ...test, known: familiar?.test });
  const ofNeither = neither === undefined ? undefined : scores(neither);
  return { ...measureAbstaining(spec, ofTest, right, ofNeither), expected };
}

/** The figures of an assessment by flat names: metrics of the manifest, of `metrics.json` and of the run. */
export function figuresOf(
  { test, uncalibrated, calibration }: Assessment,
  abstaining: AbstainReport | undefined,
): Readonly<Record<string, number>> {
  const { evaluation } = test;
  const figures: Record<string, number> = {
    accuracy: evaluation.accuracy,
    log_loss: evaluation.logLoss,
    roc_auc: evaluation.rocAuc,
    ece: evaluation.ece,
    ...Object.fromEntries(Object.entries(evaluation.recall).map(([label, value]) => [`recall_${label}`, value])),
    temperature: calibration.temperature,
    log_loss_uncalibrated: uncalibrated.logLoss,
    ece_uncalibrated: uncalibrated.ece,
    test_pictures: evaluation.count,
    ...(abstaining !== undefined && {
      abstain_share: abstaining.share,
      ...(abstaining.expected !== undefined && { abstain_share_expected: abstaining.expected }),
      abstain_accuracy_of_answered: abstaining.accuracyOfAnswered,
      ...(abstaining.neither !== undefined && { abstain_neither_caught: abstaining.neither.caught }),
    }),
  };
  return Object.fromEntries(
    Object.entries(figures)
      .filter(([, value]) => Number.isFinite(value))
      .map(([name, value]) => [name, round(value)]),
  );
}

/** Ends of the intervals of accuracy and recall, for `metrics.json` and the run: `accuracy_lower`, `recall_cat_upper`. */
export function intervalFigures(
  evaluation: Evaluation,
  gate: Pick<GateParams, 'confidence'>,
): Readonly<Record<string, number>> {
  const { accuracy, recall } = shareIntervals(evaluation, gate);
  const named = [
    ['accuracy', accuracy] as const,
    ...Object.entries(recall).map(([label, interval]) => [`recall_${label}`, interval] as const),
  ];
  return Object.fromEntries(
    named
      .filter(([, { lower }]) => Number.isFinite(lower))
      .flatMap(([name, { lower, upper }]) => [
        [`${name}_lower`, round(lower)],
        [`${name}_upper`, round(upper)],
      ]),
  );
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6;
