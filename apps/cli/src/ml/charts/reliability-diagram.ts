import type { TopLevelSpec } from 'vega-lite';
import type { Evaluation } from '../types.ts';
import { draw } from './render.ts';
import { figureLabel, FIRST, QUIET, SECOND } from './style.ts';

const WIDTH = 420;
/** Photographs in a bin from which its accuracy is joined to the next: of fewer it is chance. */
const JOINED_FROM = 5;
type Calibrated = Pick<Evaluation, 'reliability' | 'ece' | 'count'>;

/**
 * Accuracy by confidence (Guo et al. 2017), before and after calibration, over the number of photographs in each bin.
 * Without `before` there is one curve. PNG.
 */
export async function reliabilityDiagram(before: Calibrated | undefined, after: Calibrated): Promise<Uint8Array> {
  return draw(reliabilityDiagramSpec(before, after));
}

/** Pure part of {@link reliabilityDiagram}. */
export function reliabilityDiagramSpec(before: Calibrated | undefined, after: Calibrated): TopLevelSpec {
  const series = [
    ...(before === undefined ? [] : [{ name: 'before calibration', evaluation: before, color: SECOND }]),
    { name: before === undefined ? 'model' : 'after calibration', evaluation: after, color: FIRST },
  ];
  const bins = series.flatMap(({ name, evaluation }, which) =>
    evaluation.reliability
      // Between bins that are joined lies none that is not: a line over it would claim what nobody measured.
      .map((bin, at, all) => ({ ...bin, run: all.slice(0, at).filter(({ count }) => count < JOINED_FROM).length }))
      .filter(({ count }) => count > 0)
      .map((bin) => {
        // Bars of two series stand side by side within their bin.
        const width = (bin.upper - bin.lower) / series.length;
        const from = bin.lower + which * width;
        return { ...bin, of: name, from: from + 0.08 * width, to: from + 0.92 * width };
      }),
  );
  // The surer of two labels has at least one half.
  const domain = bins.every(({ confidence }) => confidence >= 0.5) ? [0.5, 1] : [0, 1];
  const color = {
    field: 'of',
    type: 'nominal' as const,
    title: null,
    scale: { domain: series.map(({ name }) => name), range: series.map((one) => one.color) },
    legend: series.length === 1 ? null : { orient: 'top' as const, direction: 'horizontal' as const },
  };
  const confidence = (title: string | null) => ({
    type: 'quantitative' as const,
    title,
    scale: { domain, nice: false },
    axis: { format: '.0%', labels: title !== null, ticks: title !== null, tickCount: 6, labelFlush: false },
  });
  const size = { field: 'count', type: 'quantitative' as const, scale: { range: [16, 220] }, legend: null };
  const errors = series.map(
    ({ name, evaluation }) => figureLabel(evaluation.ece) + (series.length === 1 ? '' : ` ${name}`),
  );
  return {
    title: {
      text: 'Reliability',
      subtitle: [
        `Expected calibration error ${errors.join(', ')}`,
        'Below the diagonal the model is too sure; larger point: more photographs',
        ...(bins.some(({ count }) => count < JOINED_FROM)
          ? [`Hollow: fewer than ${JOINED_FROM} photographs, whose share says little`]
          : []),
      ],
    },
    data: { values: bins },
    spacing: 12,
    vconcat: [
      {
        width: WIDTH,
        height: 320,
        layer: [
          {
            data: { values: domain.map((value) => ({ value })) },
            mark: { type: 'line', strokeDash: [5, 4], color: QUIET },
            encoding: { x: { field: 'value', type: 'quantitative' }, y: { field: 'value', type: 'quantitative' } },
          },
          {
            encoding: {
              x: { field: 'confidence', ...confidence(null) },
              y: {
                field: 'accuracy',
                type: 'quantitative',
                title: 'Accuracy',
                scale: { domain: [0, 1] },
                axis: { format: '.0%', tickCount: 6 },
              },
              color,
            },
            layer: [
              {
                transform: [{ filter: `datum.count >= ${JOINED_FROM}` }],
                mark: { type: 'line', strokeWidth: 1.5 },
                encoding: { detail: { field: 'run' } },
              },
              {
                transform: [{ filter: `datum.count >= ${JOINED_FROM}` }],
                mark: { type: 'point', filled: true, opacity: 1 },
                encoding: { size },
              },
              {
                transform: [{ filter: `datum.count < ${JOINED_FROM}` }],
                mark: { type: 'point', fill: 'white', opacity: 1, strokeWidth: 1.5 },
                encoding: { size },
              },
            ],
          },
        ],
      },
      {
        width: WIDTH,
        height: 110,
        mark: { type: 'rect', clip: true },
        encoding: {
          x: { field: 'from', ...confidence(`Confidence in the answer (${after.count} photographs)`) },
          x2: { field: 'to' },
          y: {
            field: 'count',
            type: 'quantitative',
            title: 'Photographs',
            axis: { tickCount: 4, format: 'd', tickMinStep: 1 },
          },
          y2: { datum: 0 },
          color,
        },
      },
    ],
  };
}
