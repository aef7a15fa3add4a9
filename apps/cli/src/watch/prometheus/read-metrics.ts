import { CliError } from '../../errors/cli-error.ts';
import { list, plain } from '../../terminal/text.ts';
import { risesOf, stepsBefore, type Rise } from './increments.ts';
import type { Period } from './period.ts';
import type { PrometheusClient, Series } from './prometheus-client.ts';
import { selectorOf, type Scope } from './selector.ts';

/** Names of models that an error lists. */
const MOST_NAMES = 10;

/** Questions about one model in one period. */
export interface MetricsReader {
  /** How much counters rose, by metric, process and the named labels. */
  rises(suffixes: readonly string[], names: readonly string[]): Promise<readonly Rise[]>;
  /** The values of a metric at the ends of the steps, and of {@link stepsBefore} steps before. */
  values(suffix: string): Promise<readonly Series[]>;
  /** The last value in the period of each series of a gauge. */
  latest(suffix: string): Promise<readonly Series[]>;
}

/** Asks Prometheus; errors as `PrometheusClient.range`. */
export function metricsReader(
  client: Pick<PrometheusClient, 'range' | 'instant'>,
  scope: Scope,
  period: Period,
): MetricsReader {
  const { stepSeconds, end } = period;
  const start = period.start - stepsBefore(period) * stepSeconds;
  // The last value in a step, also that of a pod that ended in it; unlike other functions it keeps the metric's name.
  const values = (suffixes: readonly string[]) =>
    client.range(`last_over_time(${selectorOf(scope, suffixes)}[${stepSeconds}s])`, { start, end, stepSeconds });
  return {
    rises: async (suffixes, names) => risesOf(await values(suffixes), names, period),
    values: (suffix) => values([suffix]),
    latest: (suffix) => client.instant(`last_over_time(${selectorOf(scope, [suffix])}[${end - period.start}s])`, end),
  };
}

/**
 * Why a model has no metrics: the names of those that have.
 *
 * @returns CliError METRICS_NOT_FOUND. @throws as `PrometheusClient.range`.
 */
export async function noSuchModel(
  client: Pick<PrometheusClient, 'instant'>,
  scope: Scope,
  { start, end }: Period,
): Promise<CliError> {
  const found = await client.instant(
    `group by (__name__) (last_over_time({__name__=~".+_model_info"}[${end - start}s]))`,
    end,
  );
  const names = found
    .map(({ labels }) => labels['__name__']?.slice(0, -'_model_info'.length) ?? '')
    .filter((name) => name !== '');
  const which = scope.matchers.map(([label, value]) => ` with ${label}="${value}"`).join('');
  const message = `Prometheus has no metrics of a model "${scope.model}"${which} in this period.`;
  if (names.length === 0)
    return new CliError(
      'METRICS_NOT_FOUND',
      `${message} It has none of any model.`,
      'Check that it scrapes the service (its page /targets says), and go further back with --since.',
    );
  const known = list(names.toSorted().slice(0, MOST_NAMES).map(plain));
  return new CliError(
    'METRICS_NOT_FOUND',
    `${message} It has those of ${known}.`,
    names.includes(scope.model)
      ? 'Correct --match, which leaves out all that there is.'
      : 'Name one of them with --model, or go further back with --since.',
  );
}
