import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type ClassicDashboard, classicDashboard } from './classic.ts';
import { dataSource } from './panels.ts';

/** The tag by which the dashboards of Pawl find each other. */
const TAG = 'pawl';

/** Panels below a heading, folded away until somebody opens them. */
interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

/** What happened, drawn over all panels: wherever the query has a value. */
export interface Mark {
  readonly name: string;
  readonly expr: string;
  /** `{{label}}` in it. */
  readonly text: string;
  readonly colour: string;
}

/** A dashboard. */
export interface Board {
  /** End of its identity and of the name of its file: `service`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Builder<NonNullable<NonNullable<ClassicDashboard['templating']>['list']>[number]>[];
  readonly marks?: readonly Mark[];
  /** What is seen first. */
  readonly panels: readonly Builder<Panel>[];
  readonly rows: readonly Row[];
}

/** One of the values of a label that Prometheus knows. */
export function labelVariable(options: {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** `label_values(series, label)`. */
  readonly query: string;
  /** Takes a part of a value, its first group. */
  readonly regex?: string;
  /** Also takes several values, or all: also series without the label. */
  readonly several?: boolean;
}): QueryVariableBuilder {
  const { name, label, description, query, regex, several = false } = options;
  const variable = new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(dataSource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(several)
    .includeAll(several);
  if (several) variable.allValue('.*').current({ selected: true, text: ['All'], value: ['$__all'] });
  return regex === undefined ? variable : variable.regex(regex);
}

/** Any series of any model; the name of the model is in its name. */
const EVERY_MODEL = '{__name__=~".+_model_ready",job=~".+-api"}';

/** Which namespaces, which model. */
export const modelVariables = [
  labelVariable({
    name: 'namespace',
    label: 'Namespace',
    description: 'Where the model is served: an environment.',
    query: `label_values(${EVERY_MODEL}, namespace)`,
    several: true,
  }),
  labelVariable({
    name: 'model',
    label: 'Model',
    description: 'Name of the model: its metrics begin with it, and its job is <model>-api.',
    query: `label_values({__name__=~".+_model_ready",job=~".+-api",namespace=~"$namespace"}, job)`,
    regex: '/^(.+)-api$/',
  }),
];

/** The dashboard as Grafana reads it. */
export function buildBoard(board: Board): ClassicDashboard {
  const builder = classicDashboard(board.title)
    .uid(`pawl-${board.name}`)
    .description(board.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    // What is in Git is changed in Git.
    .readonly()
    .links([
      new DashboardLinkBuilder('Pawl')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    ])
    .variables([
      new DatasourceVariableBuilder('datasource')
        .label('Data source')
        .description('The Prometheus that scrapes Pawl.')
        .type('prometheus'),
      ...board.variables,
    ])
    .annotations((board.marks ?? []).map(annotation));
  for (const panel of board.panels) builder.withPanel(panel);
  for (const { title, panels } of board.rows) {
    const row = new RowBuilder(title).collapsed(true);
    for (const panel of panels) row.withPanel(panel);
    builder.withRow(row);
  }
  return numbered(builder.build());
}

function annotation({ name, expr, text, colour }: Mark): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(dataSource)
    .enable(true)
    .iconColor(colour)
    .expr(expr)
    .titleFormat(name)
    .textFormat(text);
}

/** Gives every panel its number, from 1 in the order of reading. */
function numbered(dashboard: ClassicDashboard): ClassicDashboard {
  let id = 0;
  for (const panel of dashboard.panels ?? []) {
    panel.id = id += 1;
    if ('panels' in panel) for (const inner of panel.panels) inner.id = id += 1;
  }
  return dashboard;
}
