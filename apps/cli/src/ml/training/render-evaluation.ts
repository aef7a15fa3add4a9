import type { ShareInterval } from '@pawl/shared/statistics/share-interval';
import { renderTable, type Cell } from '../../terminal/table.ts';
import { count, shortDigest } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import type { BundleEvaluation } from './evaluate-bundle.ts';
import { curveLines } from '../stages/render-curve.ts';
import { abstainLines, renderSlices } from './run/summary.ts';

/** Labels up to which the whole confusion matrix is shown. */
const SMALL_MATRIX = 8;
/** Refused pictures that are named. */
const REFUSED = 5;

/** Lines of a page on what was measured. */
export function renderEvaluation(measured: BundleEvaluation, theme: Theme): readonly string[] {
  const { name, version, digest, data, evaluation, intervals, slices, abstaining, stages, refused, labels, lineage } =
    measured;
  const { confusion } = evaluation;
  const ends = (interval: ShareInterval | undefined) =>
    interval === undefined || Number.isNaN(interval.lower)
      ? ''
      : `${interval.lower.toFixed(4)} ${theme.symbols.dash} ${interval.upper.toFixed(4)}`;
  const figures: readonly (readonly Cell[])[] = [
    [
      'accuracy',
      evaluation.accuracy.toFixed(4),
      ends(intervals.accuracy),
      `${rightOf(confusion)} of ${evaluation.count}`,
    ],
    ...Object.entries(evaluation.recall).map(([label, value], row) => [
      `recall of ${label}`,
      value.toFixed(4),
      ends(intervals.recall[label]),
      `${confusion[row]?.[row] ?? 0} of ${sum(confusion[row] ?? [])}`,
    ]),
    ['ROC AUC', evaluation.rocAuc.toFixed(4)],
    ['log loss', evaluation.logLoss.toFixed(4)],
    ['calibration error', evaluation.ece.toFixed(4)],
  ];
  const title = (text: string) => theme.paint('strong', text);
  const seen = lineage['backbone'];
  return [
    `${title(`${name} ${version}`)}  ${shortDigest(digest)}`,
    theme.paint('dim', `on ${count(evaluation.count, 'picture')} of ${data}`),
    '',
    ...renderTable({ header: ['', '', '95 % interval', 'right'], rows: figures }, theme, '  '),
    ...(labels.length > SMALL_MATRIX
      ? []
      : [
          '',
          title('Answers') + theme.paint('dim', '  a row is what the picture is, a column what was answered'),
          ...renderTable(
            {
              header: ['', ...labels],
              rows: confusion.map((row, actual) => [labels[actual] ?? '', ...row.map(String)]),
            },
            theme,
            '  ',
          ),
        ]),
    ...(slices.length === 0 ? [] : ['', title('Slices'), ...renderSlices(slices, theme)]),
    ...(abstaining === undefined ? [] : ['', ...abstainLines(abstaining, theme)]),
    ...(stages === undefined ? [] : ['', ...curveLines(stages, theme)]),
    ...(refused.length === 0
      ? []
      : [
          '',
          theme.paint('warn', `${count(refused.length, 'picture')} the service would refuse`),
          ...refused.slice(0, REFUSED).map(({ path, message }) => `  ${path}: ${message}`),
          ...(refused.length > REFUSED ? [`  and ${refused.length - REFUSED} more (--json FILE lists all)`] : []),
        ]),
    ...(seen === undefined
      ? []
      : [
          '',
          theme.paint('dim', `Backbone: ${seen}. Where these pictures were among those, the figures are optimistic.`),
        ]),
  ];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const rightOf = (confusion: readonly (readonly number[])[]): number =>
  sum(confusion.map((row, label) => row[label] ?? 0));
