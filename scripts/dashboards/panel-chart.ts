import { FieldColorModeId, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { toSvg } from '../../apps/cli/src/ml/charts/render.ts';
import { LINE, QUIET } from '../../apps/cli/src/ml/charts/style.ts';
import { axisLabels } from './values.ts';

/** A chart as Vega-Lite has it. */
type Chart = Parameters<typeof toSvg>[0];

/** One point of one series, named as Grafana names it. */
export interface Point {
  readonly series: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly value: number;
}

/** Colours of series that a dashboard gives none, in order. */
const PALETTE = ['#5794F2', '#73BF69', '#FF9830', '#B877D9', '#F2495C', '#37872D', '#8AB8FF', '#C4162A', '#705DA0'];

const MOST_IN_LEGEND = 6;
const MINUTE_MS = 60_000;

interface Override {
  readonly matcher: { readonly id: string; readonly options?: unknown };
  readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
}

/** The colour that a panel gives a series; the palette's where it gives none. */
export function colourOf(panel: Panel, series: string, index: number): string {
  const overrides = (panel.fieldConfig?.overrides ?? []) as readonly Override[];
  const found = overrides.find(
    ({ matcher, properties }) =>
      new RegExp(String(matcher.options)).test(series) && properties.some(({ id }) => id === 'color'),
  );
  const color = found?.properties.find(({ id }) => id === 'color')?.value as
    { readonly fixedColor?: string } | undefined;
  return color?.fixedColor ?? PALETTE[index % PALETTE.length] ?? QUIET;
}

/** Whether a panel draws a series in dashes. */
const isDashed = (panel: Panel, series: string): boolean =>
  ((panel.fieldConfig?.overrides ?? []) as readonly Override[]).some(
    ({ matcher, properties }) =>
      new RegExp(String(matcher.options)).test(series) && properties.some(({ id }) => id === 'custom.lineStyle'),
  );

/** The colour of a number by the panel's thresholds. */
export function thresholdColour(panel: Panel, value: number): string {
  const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
  return steps.filter(({ value: from }) => from === null || value >= from).at(-1)?.color ?? QUIET;
}

const unitOf = (panel: Panel): string => panel.fieldConfig?.defaults.unit ?? 'short';

/** A panel's data as a chart of its kind. */
export function panelChart(panel: Panel, points: readonly Point[], width: number, height: number): Chart {
  const frame = {
    width,
    height,
    padding: 2,
    autosize: { type: 'fit' as const, contains: 'padding' as const },
    background: 'transparent',
    config: { view: { stroke: 'transparent' } },
  };
  if (panel.type === 'heatmap') return { ...frame, ...heatOf(panel, points) };
  if (panel.type === 'bargauge') return { ...frame, ...barsOf(panel, points) };
  if (panel.type === 'barchart') return { ...frame, ...columnsOf(panel, points) };
  return { ...frame, ...linesOf(panel, points) };
}

/** An axis of time with a mark at each full minute. */
function timeOf(points: readonly Point[]) {
  const times = points.map(({ time }) => time);
  const first = Math.ceil(Math.min(...times) / MINUTE_MS);
  const last = Math.floor(Math.max(...times) / MINUTE_MS);
  const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * MINUTE_MS);
  return {
    field: 'time',
    type: 'temporal' as const,
    title: null,
    axis: { format: '%H:%M', values, grid: false },
  };
}

function colours(panel: Panel, points: readonly Point[], symbolType: 'stroke' | 'square') {
  const names = [...new Set(points.map(({ series }) => series))];
  return {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: names, range: names.map((name, index) => colourOf(panel, name, index)) },
    legend: legendOf(names, symbolType),
  };
}

const legendOf = (names: readonly string[], symbolType: 'stroke' | 'square') => ({
  orient: 'bottom' as const,
  title: null,
  columns: 3,
  symbolType,
  ...(symbolType === 'square' && { symbolStrokeWidth: 0 }),
  labelFontSize: 10,
  values: names.slice(0, MOST_IN_LEGEND),
});

function dashes(panel: Panel, points: readonly Point[]) {
  const names = [...new Set(points.map(({ series }) => series))];
  const range = names.map((name) => (isDashed(panel, name) ? [5, 3] : [1, 0]));
  return {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: names, range },
    legend: legendOf(names, 'stroke'),
  };
}

function linesOf(panel: Panel, all: readonly Point[]) {
  const custom = (panel.fieldConfig?.defaults.custom ?? {}) as {
    readonly stacking?: { readonly mode?: string };
    readonly thresholdsStyle?: { readonly mode?: string };
  };
  const stacking = custom.stacking?.mode;
  const isStacked = stacking === 'normal' || stacking === 'percent';
  // An area that is always 0 is none.
  const points = isStacked
    ? all.filter(({ series }) => all.some((one) => one.series === series && one.value > 0))
    : all;
  const isFlat = !points.some(({ value }) => value !== 0);
  const unit = unitOf(panel);
  const { min, max } = panel.fieldConfig?.defaults ?? {};
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    title: null,
    stack: stacking === 'percent' ? ('normalize' as const) : isStacked ? ('zero' as const) : null,
    scale: {
      zero: min === 0,
      ...(min !== undefined && { domainMin: min }),
      ...(isFlat && { domainMin: 0, domainMax: unit === 'percentunit' ? 0.01 : 1 }),
      ...(max !== undefined && !isStacked && { domainMax: max }),
    },
    axis: { labelExpr: axisLabels(unit), tickCount: 4, gridColor: LINE },
  };
  const mark = isStacked
    ? { type: 'area' as const, opacity: 0.75 }
    : { type: 'line' as const, strokeWidth: 1.8, clip: true };
  const main = {
    data: { values: [...points] },
    mark,
    encoding: {
      x: timeOf(points),
      y,
      color: colours(panel, points, isStacked ? 'square' : 'stroke'),
      ...(!isStacked && { strokeDash: dashes(panel, points) }),
    },
  };
  const steps = (panel.fieldConfig?.defaults.thresholds?.steps ?? []).filter(({ value }) => value !== null);
  if (custom.thresholdsStyle?.mode !== 'dashed' || steps.length === 0) return main;
  const limits = steps.map(({ value, color }) => ({ value, color }));
  return {
    layer: [
      main,
      {
        data: { values: limits },
        mark: { type: 'rule' as const, strokeDash: [5, 4] },
        encoding: {
          y: { field: 'value', type: 'quantitative' as const },
          color: { value: limits[0]?.color ?? QUIET },
        },
      },
    ],
  };
}

/** Cumulative buckets by `le`, each less the one below it. */
function heatOf(panel: Panel, points: readonly Point[]) {
  const edges = [...new Set(points.map(({ series }) => series))].sort((a, b) => edge(a) - edge(b));
  const at = new Map(points.map((point) => [`${point.time} ${point.series}`, point.value]));
  const cells = points.map((point) => {
    const below = edges[edges.indexOf(point.series) - 1];
    const less = below === undefined ? 0 : (at.get(`${point.time} ${below}`) ?? 0);
    return { ...point, value: Math.max(0, point.value - less) };
  });
  const times = [...new Set(points.map((point) => point.time))].sort((a, b) => a - b);
  return {
    data: {
      values: cells
        .filter(({ value }) => value > 0)
        .map((cell) => ({ ...cell, until: cell.time + ((times[1] ?? 0) - (times[0] ?? 0)) })),
    },
    mark: { type: 'rect' as const },
    encoding: {
      x: timeOf(points),
      x2: { field: 'until' },
      y: {
        field: 'series',
        type: 'ordinal' as const,
        scale: { domain: edges.toReversed() },
        title: null,
        axis: {
          labelExpr: `datum.value == '+Inf' ? 'more' : ${axisLabels(unitOfHeat(panel)).replaceAll('datum.value', 'toNumber(datum.value)')}`,
        },
      },
      color: {
        field: 'value',
        type: 'quantitative' as const,
        scale: { scheme: 'blues' as const, domainMin: 0 },
        legend: null,
      },
    },
  };
}

const edge = (le: string): number => (le === '+Inf' ? Infinity : Number(le));

const unitOfHeat = (panel: Panel): string =>
  (panel.options as { readonly yAxis?: { readonly unit?: string } } | undefined)?.yAxis?.unit ?? 'short';

function barsOf(panel: Panel, points: readonly Point[]) {
  const rows = points.map((point, index) => ({
    ...point,
    colour:
      panel.fieldConfig?.defaults.color?.mode === FieldColorModeId.Thresholds
        ? thresholdColour(panel, point.value)
        : colourOf(panel, point.series, index),
  }));
  return {
    data: { values: rows },
    mark: { type: 'bar' as const, cornerRadiusEnd: 2 },
    encoding: {
      y: { field: 'series', type: 'nominal' as const, title: null, sort: '-x' as const },
      x: {
        field: 'value',
        type: 'quantitative' as const,
        title: null,
        axis: { labelExpr: axisLabels(unitOf(panel)), tickCount: 4, gridColor: LINE },
      },
      color: { field: 'colour', type: 'nominal' as const, scale: null },
    },
  };
}

/** Groups of columns. A point's series is `group|column`. */
function columnsOf(panel: Panel, points: readonly Point[]) {
  const rows = points.map(({ series, value }) => {
    const [bin = '', column = ''] = series.split('|');
    return { bin, series: column, value };
  });
  const names = [...new Set(rows.map(({ series }) => series))];
  return {
    data: { values: rows },
    mark: { type: 'bar' as const },
    encoding: {
      x: { field: 'bin', type: 'ordinal' as const, title: null, axis: { labelAngle: 0 } },
      xOffset: { field: 'series', type: 'nominal' as const, sort: names },
      y: {
        field: 'value',
        type: 'quantitative' as const,
        title: null,
        axis: { labelExpr: axisLabels(unitOf(panel)), tickCount: 4, gridColor: LINE },
      },
      color: {
        field: 'series',
        type: 'nominal' as const,
        scale: { domain: names, range: names.map((name, index) => colourOf(panel, name, index)) },
        legend: { orient: 'bottom' as const, title: null },
      },
    },
  };
}
