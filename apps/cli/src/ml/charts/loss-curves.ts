import type { TopLevelSpec } from 'vega-lite';
import type { EpochRecord } from '../types.ts';
import { draw } from './render.ts';
import { figureLabel, FIRST, INK, percentLabel, QUIET, SECOND } from './style.ts';

/** Up to here each epoch gets a point. */
const MOST_POINTS = 40;
const WIDTH = 420;
const HEIGHT = 280;

/** Loss and accuracy of training and validation by epoch, with the epoch that was kept. PNG. */
export async function lossCurves(history: readonly EpochRecord[], bestEpoch: number): Promise<Uint8Array> {
  return draw(lossCurvesSpec(history, bestEpoch));
}

/** Pure part of {@link lossCurves}. */
export function lossCurvesSpec(history: readonly EpochRecord[], bestEpoch: number): TopLevelSpec {
  const best = history.find(({ epoch }) => epoch === bestEpoch);
  const kept = `Best epoch ${bestEpoch} of ${history.length}: validation loss ${figureLabel(best?.val_loss ?? NaN)}, accuracy ${percentLabel(best?.val_acc ?? NaN)}`;
  return {
    title: { text: 'Training', subtitle: [kept, 'Both are measured after the epoch, without dropout'] },
    hconcat: [
      panel(history, bestEpoch, {
        title: 'Loss (nats)',
        format: '.3~f',
        domainOf: lossDomain,
        valuesOf: ({ train_loss, val_loss }) => [train_loss, val_loss],
      }),
      panel(history, bestEpoch, {
        title: 'Accuracy',
        format: '.1~%',
        domainOf: accuracyDomain,
        valuesOf: ({ train_acc, val_acc }) => [train_acc, val_acc],
      }),
    ],
    spacing: 40,
  };
}

interface Measure {
  readonly title: string;
  readonly format: string;
  readonly domainOf: (values: readonly number[]) => [number, number];
  readonly valuesOf: (record: EpochRecord) => readonly [train: number, val: number];
}

/** Loss is seen against zero. */
function lossDomain(values: readonly number[]): [number, number] {
  return [0, (Math.max(...values) || 1) * 1.06];
}

/** Accuracy is seen against one, from about a twentieth below the smallest. */
function accuracyDomain(values: readonly number[]): [number, number] {
  return [Math.max(0, Math.floor((Math.min(...values) - 0.03) * 20) / 20), 1];
}

function panel(
  history: readonly EpochRecord[],
  bestEpoch: number,
  { title, format, domainOf, valuesOf }: Measure,
): Extract<TopLevelSpec, { hconcat: unknown }>['hconcat'][number] {
  // What comes first lies below.
  const values = history.flatMap((record) => {
    const [train, val] = valuesOf(record);
    return [
      { epoch: record.epoch, value: val, of: 'validation' },
      { epoch: record.epoch, value: train, of: 'training' },
    ];
  });
  const last = history.length;
  const leftHalf = bestEpoch <= last / 2;
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    title: 'Epoch',
    axis: { format: 'd', tickMinStep: 1, grid: false, tickCount: 10, ...(last === 1 && { values: [1] }) },
    scale: { domain: last === 1 ? [0, 2] : [1, last], nice: false, padding: last === 1 ? 0 : 8 },
  };
  const series = (first: unknown, second: unknown) => ({
    field: 'of',
    // A line's width wants an order.
    type: 'ordinal' as const,
    title: null,
    scale: { domain: ['training', 'validation'], range: [first, second] as string[] },
    legend: { orient: 'bottom' as const, direction: 'horizontal' as const },
  });
  return {
    width: WIDTH,
    height: HEIGHT,
    layer: [
      {
        data: { values: [{ epoch: bestEpoch, note: `best: ${bestEpoch}` }] },
        layer: [
          { mark: { type: 'rule', strokeDash: [4, 4], color: QUIET }, encoding: { x } },
          {
            // On the side that has more room.
            mark: {
              type: 'text',
              align: leftHalf ? 'left' : 'right',
              dx: leftHalf ? 5 : -5,
              dy: -8,
              fontSize: 11,
              color: INK,
            },
            encoding: { x, y: { value: HEIGHT }, text: { field: 'note' } },
          },
        ],
      },
      {
        data: { values },
        mark: { type: 'line', point: last <= MOST_POINTS ? { size: 42 } : false },
        encoding: {
          x,
          y: {
            field: 'value',
            type: 'quantitative',
            title,
            axis: { format, tickCount: 6 },
            scale: { domain: domainOf(values.map(({ value }) => value)), nice: false },
          },
          color: series(FIRST, SECOND),
          // The lower one is wider, so that it shows where both are equal.
          strokeWidth: series(1.5, 3.5),
        },
      },
    ],
  };
}
