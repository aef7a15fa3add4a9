import type { TopLevelSpec } from 'vega-lite';
import type { Evaluation } from '../types.ts';
import { draw } from './render.ts';
import { figureLabel, PALETTE, QUIET, shorten } from './style.ts';

const SIZE = 400;
const LONGEST_LABEL = 26;
/** Characters of the one positive label in the titles of the axes. */
const LONGEST_IN_TITLE = 16;
const OTHERS = '#c4c9cf';
type Ranked = Pick<Evaluation, 'roc' | 'rocAuc' | 'rocAucByLabel'>;

/** ROC curve, one a label when there are more than two; of many labels the worst six have colours. PNG. */
export async function rocCurve(evaluation: Ranked): Promise<Uint8Array> {
  return draw(rocCurveSpec(evaluation));
}

/** Pure part of {@link rocCurve}. */
export function rocCurveSpec({ roc, rocAuc, rocAucByLabel }: Ranked): TopLevelSpec {
  const labels = Object.keys(roc);
  const several = labels.length > 1;
  const worstFirst = labels
    .filter((label) => (roc[label] ?? []).length > 0)
    .sort((a, b) => (rocAucByLabel[a] ?? 0) - (rocAucByLabel[b] ?? 0));
  const shown = worstFirst.slice(0, PALETTE.length);
  const hidden = worstFirst.length - shown.length;
  const nameOf = (label: string) => `${shorten(label, LONGEST_LABEL)}: ${figureLabel(rocAucByLabel[label] ?? NaN)}`;
  const rest = `${hidden} other labels`;
  const points = worstFirst
    .flatMap((label, rank) =>
      (roc[label] ?? []).map((point, at) => ({ ...point, at, label, of: rank < shown.length ? nameOf(label) : rest })),
    )
    // Grey lies below.
    .reverse();
  const positive = shorten(labels[0] ?? '', LONGEST_IN_TITLE);
  const rate = (field: string, title: string) => ({
    field,
    type: 'quantitative' as const,
    title,
    scale: { domain: [0, 1] },
    axis: { tickCount: 5, format: '.0%' },
  });
  return {
    title: {
      text: several ? 'ROC curves, each label against the rest' : 'ROC curve',
      subtitle: subtitleOf(rocAuc, several),
    },
    width: SIZE,
    height: SIZE,
    layer: [
      {
        data: { values: [{ value: 0 }, { value: 1 }] },
        mark: { type: 'line', strokeDash: [5, 4], color: QUIET },
        encoding: { x: { field: 'value', type: 'quantitative' }, y: { field: 'value', type: 'quantitative' } },
      },
      {
        data: { values: points },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          x: rate('fpr', several ? 'False positive rate' : `False positive rate (not ${positive}, answered so)`),
          y: rate('tpr', several ? 'True positive rate' : `True positive rate (${positive}, found)`),
          order: { field: 'at' },
          detail: { field: 'label' },
          color: {
            field: 'of',
            type: 'nominal',
            title: hidden > 0 ? `Area under the curve, worst ${shown.length} labels` : 'Area under the curve',
            sort: null,
            scale: {
              domain: [...shown.map(nameOf), ...(hidden > 0 ? [rest] : [])],
              range: [...PALETTE.slice(0, shown.length), ...(hidden > 0 ? [OTHERS] : [])],
            },
            legend: several ? { orient: 'bottom', columns: 1, symbolType: 'stroke', titleLimit: 0 } : null,
          },
        },
      },
    ],
  };
}

function subtitleOf(rocAuc: number, several: boolean): string {
  if (Number.isNaN(rocAuc)) return 'Cannot be measured: a label has no photograph in this split';
  return `${several ? 'Mean area' : 'Area'} under the curve ${figureLabel(rocAuc)}; dashed: chance`;
}
