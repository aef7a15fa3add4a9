import { type Matcher, readExpression, type Selector } from './expression.ts';

/** Labels of a series, `__name__` among them. */
export type Series = Readonly<Record<string, string>>;

/** What a Prometheus has. */
export interface KnownMetrics {
  readonly series: readonly Series[];
  /** Names in the HELP and TYPE lines of what was scraped, of metrics without a series too. */
  readonly declared: ReadonlySet<string>;
}

/** A metric that has nothing to count when all is well. */
export interface Quiet {
  readonly metric: string;
  /** Only values of this label are missing; without it the metric may have no series at all. */
  readonly label?: string;
  /** Why nobody makes it happen in a test. */
  readonly because: string;
}

/** Endings that a histogram's name gets in a query. */
const OF_HISTOGRAM = /_(bucket|sum|count)$/;

/** Whether a metric was scraped, be it without a series. */
const isDeclared = (metric: string, { declared }: KnownMetrics): boolean =>
  declared.has(metric) || declared.has(metric.replace(OF_HISTOGRAM, ''));

/** What a selector or a grouping asks for in vain: names that nobody has, one sentence each. */
export function namesInVain(expression: string, known: KnownMetrics, quiet: readonly Quiet[]): readonly string[] {
  const { selectors, groupedBy } = readExpression(expression);
  const labels = new Set(selectors.flatMap((selector) => labelsOf(seriesOf(selector, known))));
  const isQuiet = selectors.some(({ metric }) => quiet.some((one) => one.metric === metric && one.label === undefined));
  const unknownGroups = groupedBy.filter((label) => !labels.has(label) && !isQuiet);
  return [
    ...selectors.flatMap((selector) => inVain(selector, known, quiet)),
    ...unknownGroups.map((label) => `no series has the label ${label} to group by`),
  ];
}

/** Whether a selector of an expression may find nothing. */
export function mayBeEmpty(expression: string, known: KnownMetrics, quiet: readonly Quiet[]): boolean {
  return readExpression(expression).selectors.some((selector) => {
    const all = seriesOf(selector, known);
    return (
      quiet.some(({ metric }) => metric === selector.metric) &&
      !all.some((series) => matches(series, selector.matchers))
    );
  });
}

function inVain(selector: Selector, known: KnownMetrics, quiet: readonly Quiet[]): readonly string[] {
  const { metric, matchers } = selector;
  const name = metric ?? '{...}';
  const all = seriesOf(selector, known);
  if (all.length === 0) {
    if (metric === undefined || !isDeclared(metric, known)) return [`there is no metric ${name}`];
    const isQuiet = quiet.some((one) => one.metric === metric && one.label === undefined);
    return isQuiet ? [] : [`${name} has no series`];
  }
  const labels = labelsOf(all);
  const unknown = matchers.filter(({ label }) => label !== '__name__' && !labels.includes(label));
  if (unknown.length > 0)
    return unknown.map(({ label }) => `${name} has no label ${label}; it has ${labels.sort().join(', ')}`);
  if (all.some((series) => matches(series, matchers))) return [];
  const missing = matchers.filter((matcher) => !all.some((series) => matches(series, [matcher])));
  return missing
    .filter(({ label }) => !quiet.some((one) => one.metric === metric && one.label === label))
    .map(({ label, operator, value }) => {
      const values = [...new Set(all.map((series) => series[label] ?? ''))].sort().join(', ');
      return `${name} has no series with ${label}${operator}"${value}"; its values are ${values}`;
    });
}

const seriesOf = ({ metric }: Selector, { series }: KnownMetrics): readonly Series[] =>
  metric === undefined ? series : series.filter(({ __name__: name }) => name === metric);

const labelsOf = (series: readonly Series[]): string[] => [...new Set(series.flatMap(Object.keys))];

/** As Prometheus matches: a label that is not there is empty, and a pattern has to fit the whole value. */
const matches = (series: Series, matchers: readonly Matcher[]): boolean =>
  matchers.every(({ label, operator, value }) => {
    const actual = series[label] ?? '';
    const isEqual = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
    return operator.startsWith('!') ? !isEqual : isEqual;
  });
