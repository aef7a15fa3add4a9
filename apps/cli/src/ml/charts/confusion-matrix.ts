import type { TopLevelSpec } from 'vega-lite';
import type { Evaluation } from '../types.ts';
import { draw } from './render.ts';
import { INK, LINE, percentLabel, shorten, pixelWidthOf } from './style.ts';

const LONGEST_LABEL = 26;
const LABEL_SIZE = 11;
/** Pixels of a cell from which it has room for a count and a share. */
const ROOMY = 60;
type Confused = Pick<Evaluation, 'confusion' | 'accuracy' | 'count'>;

/** Counts by true and answered label; the shade is the share of the true label. PNG. */
export async function confusionMatrix(evaluation: Confused, labels: readonly string[]): Promise<Uint8Array> {
  return draw(confusionMatrixSpec(evaluation, labels));
}

/** Pure part of {@link confusionMatrix}. */
export function confusionMatrixSpec({ confusion, accuracy, count }: Confused, labels: readonly string[]): TopLevelSpec {
  const cells = confusion.flatMap((row, actual) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((cell, answered) => ({ actual, answered, cell, share: total === 0 ? 0 : cell / total }));
  });
  const size = cellSize(labels.length);
  const names = labels.map((label) => shorten(label, LONGEST_LABEL));
  const level = names.every((name) => pixelWidthOf(name, LABEL_SIZE) < size - 6);
  // By index, so that labels that look alike when shortened stay apart.
  const axis = {
    labelExpr: `${JSON.stringify(names)}[datum.value]`,
    labelFontSize: Math.max(7, Math.min(LABEL_SIZE, size - 4)),
    labelOverlap: false,
    domain: false,
    ticks: false,
  };
  const text = (field: string, format: string, fontSize: number, dy: number) => ({
    mark: { type: 'text' as const, fontSize, dy },
    encoding: {
      text: { field, type: 'quantitative' as const, format },
      color: { condition: { test: 'datum.share > 0.55', value: 'white' }, value: INK },
    },
  });
  return {
    title: { text: 'Confusion matrix', subtitle: `${count} photographs, accuracy ${percentLabel(accuracy)}` },
    width: { step: size },
    height: { step: size },
    data: { values: cells },
    encoding: {
      x: {
        field: 'answered',
        type: 'ordinal',
        title: 'Answered label',
        scale: { padding: 0 },
        axis: { ...axis, ...(level ? { labelAngle: 0 } : { labelAngle: -45, labelAlign: 'right' }) },
      },
      y: { field: 'actual', type: 'ordinal', title: 'True label', scale: { padding: 0 }, axis },
    },
    layer: [
      {
        mark: { type: 'rect', stroke: LINE },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            title: 'Share of the true label',
            scale: {
              domain: [0, 1],
              range: ['#ffffff', '#c6dbef', '#6baed6', '#2171b5', '#08306b'],
              interpolate: 'rgb',
            },
            legend: { format: '.0%', gradientLength: Math.min(200, size * labels.length), tickCount: 5, titleLimit: 0 },
          },
        },
      },
      ...(size >= ROOMY
        ? [text('cell', 'd', 18, -8), text('share', '.1%', LABEL_SIZE, 12)]
        : // A zero says nothing among a thousand cells.
          [
            {
              transform: [{ filter: 'datum.cell > 0' }],
              ...text('cell', 'd', Math.max(6, Math.round(size * 0.38)), 0),
            },
          ]),
    ],
  };
}

/** Pixels of a cell: large for a few labels, and small enough for many to be one picture. */
function cellSize(labels: number): number {
  if (labels <= 2) return 130;
  if (labels <= 5) return 90;
  if (labels <= 10) return ROOMY;
  return Math.max(14, Math.min(40, Math.floor(900 / labels)));
}
