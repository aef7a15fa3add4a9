import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { colours, type Paint } from './colours.ts';
import { runbook } from './runbook.ts';

/** The Prometheus that a dashboard's reader chose. */
export const dataSource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** One query of a panel. */
export interface Query {
  /** PromQL, with Grafana's variables in it. */
  readonly expr: string;
  /** Name of a series, `{{label}}` in it; without it the labels. */
  readonly legend?: string;
}

/** What every panel says of itself. */
interface Words {
  /** What a person wants to know. */
  readonly title: string;
  /** What is drawn, how it is counted, and what to do when it is bad. */
  readonly description: string;
  /** Alert whose section of the runbook helps. */
  readonly runbook?: string;
  /** Columns that it takes, of 24. */
  readonly width?: number;
  /** Unit, as Grafana names it: `s`, `percentunit`, `reqps` ... */
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** From which value on which colour; below the first, {@link colours.good}. */
  readonly limits?: readonly Limit[];
  /** What is shown where there is nothing. */
  readonly empty?: string;
}

/** A value from which on things are not as they should be. */
export interface Limit {
  readonly from: number;
  readonly colour: string;
}

/** Amber from one value on, red from another. */
export const limits = (amber: number, red: number): readonly Limit[] => [
  { from: amber, colour: colours.warning },
  { from: red, colour: colours.bad },
];

/** Red below a value, amber below another. */
export const atLeast = (red: number, amber: number): readonly Limit[] => [
  { from: -1e9, colour: colours.bad },
  { from: red, colour: colours.warning },
  { from: amber, colour: colours.good },
];

/** Lines over time. */
interface Lines extends Words {
  readonly queries: readonly Query[];
  readonly paints?: readonly Paint[];
  /** Areas upon each other; `percent`: of their sum. */
  readonly stacked?: 'normal' | 'percent';
  /** Draws {@link Words.limits} as dashed lines. */
  readonly limitLines?: boolean;
}

/** What all builders of panels have. */
interface PanelBuilder extends Builder<Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: DataSourceRef): this;
  links(links: Builder<ReturnType<DashboardLinkBuilder['build']>>[]): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  noValue(text: string): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  colorScheme(color: FieldColorBuilder): this;
  targets(targets: Builder<Dataquery>[]): this;
  overrideByRegexp(regexp: string, properties: { id: string; value?: unknown }[]): this;
}

/** Numbers over time. */
export function lines(panel: Lines): Builder<Panel> {
  const { queries, paints = [], stacked, limitLines } = panel;
  const builder = worded(new timeseries.PanelBuilder(), panel, { width: 8, height: 8 })
    .targets(queries.map((query, index) => rangeQuery(query, index)))
    .lineWidth(stacked === undefined ? 2 : 1)
    .fillOpacity(stacked === undefined ? 8 : 60)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName));
  if (stacked !== undefined)
    builder.stacking(
      new StackingConfigBuilder().mode(stacked === 'percent' ? StackingMode.Percent : StackingMode.Normal).group('A'),
    );
  if (limitLines === true)
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  return painted(builder, paints);
}

/** A number that is read at a glance; `named`: the name of its series is what matters. */
export function figure(panel: Words & { readonly query: Query; readonly named?: boolean }): Builder<Panel> {
  const { query, named = false } = panel;
  return worded(new stat.PanelBuilder(), panel, { width: 4, height: 4 })
    .targets([named ? instantQuery(query, 0) : rangeQuery(query, 0)])
    .colorMode(BigValueColorMode.Value)
    .graphMode(named ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .textMode(named ? BigValueTextMode.Name : BigValueTextMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
}

/** Numbers side by side, the present ones. */
export function bars(
  panel: Words & { readonly queries: readonly Query[]; readonly paints?: readonly Paint[] },
): Builder<Panel> {
  const { queries, paints = [], limits: marks } = panel;
  const scheme = marks === undefined ? FieldColorModeId.PaletteClassicByName : FieldColorModeId.Thresholds;
  const builder = worded(new bargauge.PanelBuilder(), panel, { width: 8, height: 8 })
    .targets(queries.map((query, index) => instantQuery(query, index)))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .colorScheme(new FieldColorBuilder().mode(scheme));
  return painted(builder, paints);
}

/** One column of {@link columns}. */
interface Column {
  readonly name: string;
  readonly colour: string;
  /** Gives a value for each value of the label that the columns are by. */
  readonly expr: string;
}

/** Groups of columns, the present numbers. @param panel `by`: the label that has a group for each of its values. */
export function columns(panel: Words & { readonly by: string; readonly columns: readonly Column[] }): Builder<Panel> {
  const refs = panel.columns.map((_, index) => String.fromCharCode(65 + index));
  const names = Object.fromEntries(panel.columns.map(({ name }, index) => [`Value #${refs[index] ?? ''}`, name]));
  const times = Object.fromEntries(
    ['Time', ...refs.map((_, index) => `Time ${index + 1}`)].map((time) => [time, true]),
  );
  const builder = worded(new barchart.PanelBuilder(), panel, { width: 8, height: 8 })
    .targets(
      panel.columns.map(({ expr, name }, index) =>
        instantQuery({ expr, legend: name }, index).format(PromQueryFormat.Table),
      ),
    )
    .withTransformation({ id: 'joinByField', options: { byField: panel.by, mode: 'outer' } })
    .withTransformation({ id: 'organize', options: { excludeByName: times, renameByName: names } })
    .xField(panel.by)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName));
  return painted(
    builder,
    panel.columns.map(({ name, colour }) => ({ name: `^${name}$`, colour })),
  );
}

/** How the observations of a histogram are spread, over time. @param panel its query gives buckets by `le`. */
export function heat(panel: Words & { readonly query: Query }): Builder<Panel> {
  const query = rangeQuery({ legend: '{{le}}', ...panel.query }, 0).format(PromQueryFormat.Heatmap);
  return worded(new heatmap.PanelBuilder(), { ...panel, unit: 'short' }, { width: 8, height: 8 })
    .targets([query])
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(panel.unit))
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Blues').steps(32))
    .cellGap(1)
    .showLegend();
}

function worded<T extends PanelBuilder>(
  builder: T,
  words: Words,
  size: { readonly width: number; readonly height: number },
): T {
  const { title, description, width = size.width, unit, decimals, min, max, limits: marks = [], empty } = words;
  builder.title(title).description(description).datasource(dataSource).unit(unit).span(width).height(size.height);
  if (decimals !== undefined) builder.decimals(decimals);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  if (empty !== undefined) builder.noValue(empty);
  if (words.runbook !== undefined) {
    const link = new DashboardLinkBuilder('Runbook').type(DashboardLinkType.Link).url(runbook(words.runbook));
    builder.links([link.targetBlank(true)]);
  }
  const steps = marks.map(({ from, colour }) => ({ value: from, color: colour }));
  // Grafana's first step has no value: it is what lies below the others.
  const base = { value: null, color: colours.good };
  return builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([base, ...steps]));
}

function painted<T extends PanelBuilder>(builder: T, paints: readonly Paint[]): T {
  for (const { name, colour, isDashed = false } of paints)
    builder.overrideByRegexp(name, [
      ...(colour === undefined
        ? []
        : [{ id: 'color', value: new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(colour).build() }]),
      ...(isDashed ? [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 6] } }] : []),
    ]);
  return builder;
}

function prometheusQuery({ expr, legend }: Query, index: number): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .datasource(dataSource)
    .expr(expr)
    .refId(String.fromCharCode(65 + index));
  return legend === undefined ? query : query.legendFormat(legend);
}

const rangeQuery = (query: Query, index: number): DataqueryBuilder => prometheusQuery(query, index).range();

const instantQuery = (query: Query, index: number): DataqueryBuilder => prometheusQuery(query, index).instant();
