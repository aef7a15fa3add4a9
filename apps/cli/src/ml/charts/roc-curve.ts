import type { TopLevelSpec } from 'vega-lite';
import type { Evaluation } from '../types.ts';
import { draw } from './render.ts';
import { figureLabel, PALETTE, QUIET, shorten } from './style.ts';

const SIZE = 400;
const LONGEST_LABEL = 26;
/** Characters of the one positive label in the titles of the axes. */
const LONGEST_IN_TITLE = 16;
/** Area from which a curve lies in its corner, and how much of each axis that is. */
const CORNER_FROM = 0.95;
const CORNER = 0.1;
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
  const titles = several
    ? (['False positive rate', 'True positive rate'] as const)
    : ([`False positive rate (not ${positive}, answered so)`, `True positive rate (${positive}, found)`] as const);
  const color = {
    field: 'of',
    type: 'nominal' as const,
    title: hidden > 0 ? `Area under the curve, worst ${shown.length} labels` : 'Area under the curve',
    sort: null,
    scale: {
      domain: [...shown.map(nameOf), ...(hidden > 0 ? [rest] : [])],
      range: [...PALETTE.slice(0, shown.length), ...(hidden > 0 ? [OTHERS] : [])],
    },
    legend: several ? { orient: 'bottom' as const, columns: 1, symbolType: 'stroke', titleLimit: 0 } : null,
  };
  const panel = (title: string | undefined, x: [number, number], y: [number, number]) => ({
    ...(title !== undefined && { title: { text: title, fontSize: 12 } }),
    width: SIZE,
    height: SIZE,
    layer: [
      {
        data: { values: [{ value: 0 }, { value: 1 }] },
        mark: { type: 'line' as const, strokeDash: [5, 4], color: QUIET, clip: true },
        encoding: {
          x: { field: 'value', type: 'quantitative' as const },
          y: { field: 'value', type: 'quantitative' as const },
        },
      },
      {
        data: { values: points },
        mark: { type: 'line' as const, strokeWidth: 2, clip: title !== undefined },
        encoding: {
          x: rate('fpr', titles[0], x),
          y: rate('tpr', titles[1], y),
          order: { field: 'at' },
          detail: { field: 'label' },
          color,
        },
      },
    ],
  });
  const heading = {
    text: several ? 'ROC curves, each label against the rest' : 'ROC curve',
    subtitle: subtitleOf(rocAuc, several),
  };
  const whole = panel(undefined, [0, 1], [0, 1]);
  if (!(rocAuc > CORNER_FROM)) return { title: heading, ...whole };
  const corner = panel(
    `The corner, ${(1 - CORNER) * 100} to 100 % and 0 to ${CORNER * 100} %`,
    [0, CORNER],
    [1 - CORNER, 1],
  );
  return { title: heading, hconcat: [whole, corner], spacing: 40 };
}

/** An axis of a share, over a part of 0..1. */
const rate = (field: string, title: string, domain: [number, number]) => ({
  field,
  type: 'quantitative' as const,
  title,
  scale: { domain, nice: false, zero: false },
  axis: { tickCount: 5, format: '.0%' },
});

function subtitleOf(rocAuc: number, several: boolean): string {
  if (Number.isNaN(rocAuc)) return 'Cannot be measured: a label has no photograph in this split';
  return `${several ? 'Mean area' : 'Area'} under the curve ${figureLabel(rocAuc)}; dashed: chance`;
}
