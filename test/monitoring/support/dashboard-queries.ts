import { type Panel, type RowPanel, VariableType } from '@grafana/grafana-foundation-sdk/dashboard';
import type { ClassicDashboard } from '../../../monitoring/src/dashboards/classic.ts';

/** One query of a dashboard. */
export interface DashboardQuery {
  /** Where it stands, for people: `Pawl / Service: Latency`. */
  readonly where: string;
  /** PromQL with Grafana's variables. */
  readonly expr: string;
  /** What Grafana names a series by. */
  readonly legend: string | undefined;
  /** Of the present moment alone. */
  readonly isInstant: boolean;
}

/** A variable whose values are those of a label. */
export interface LabelVariable {
  readonly where: string;
  readonly name: string;
  readonly series: string;
  readonly label: string;
  /** Takes a part of each value. */
  readonly regex: string | undefined;
}

interface Target {
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
}

/** Every panel, those in folded rows too. */
export const panelsOf = ({ panels = [] }: ClassicDashboard): readonly Panel[] =>
  panels.flatMap((panel: Panel | RowPanel) => ('panels' in panel ? panel.panels : [panel]));

/** Every query of every panel and annotation. */
export function queriesOf(dashboard: ClassicDashboard): readonly DashboardQuery[] {
  const title = dashboard.title ?? '';
  const ofPanels = panelsOf(dashboard).flatMap((panel) =>
    ((panel.targets ?? []) as readonly Target[]).map(({ expr = '', legendFormat, instant }) => ({
      where: `${title}: ${panel.title ?? ''}`,
      expr,
      legend: legendFormat,
      isInstant: instant === true,
    })),
  );
  const marks = (dashboard.annotations.list ?? []).map(({ name, expr = '', textFormat }) => ({
    where: `${title}: annotation ${name}`,
    expr,
    legend: textFormat,
    isInstant: false,
  }));
  return [...ofPanels, ...marks];
}

/** Every variable that Prometheus gives the values of. */
export function variablesOf(dashboard: ClassicDashboard): readonly LabelVariable[] {
  return (dashboard.templating.list ?? []).flatMap(({ type, name, query, regex }) => {
    if (type !== VariableType.Query) return [];
    const text = (query as { readonly query: string }).query;
    const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
    return [{ where: `${dashboard.title ?? ''}: variable ${name}`, name, series, label, regex }];
  });
}

/** A text as Grafana sends it. @throws Error for a variable without a value. */
export function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (variable, braced?: string, bare?: string) => {
    const value = values[braced ?? bare ?? ''];
    if (value === undefined) throw new Error(`nobody gives ${variable} a value: ${text}`);
    return value;
  });
}
