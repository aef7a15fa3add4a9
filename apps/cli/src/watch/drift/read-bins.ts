import type { WatchedStatistic } from '@pawl/shared/drift/watched-statistic';
import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import { CliError } from '../../errors/cli-error.ts';
import { list, plain, shortDigest } from '../../terminal/text.ts';
import type { Rise } from '../prometheus/increments.ts';
import type { Period } from '../prometheus/period.ts';
import type { PrometheusClient } from '../prometheus/prometheus-client.ts';
import { metricsReader, noSuchModel } from '../prometheus/read-metrics.ts';
import type { Scope } from '../prometheus/selector.ts';
import { modelsIn, servedModels, type ModelIdentity } from '../prometheus/served-models.ts';
import { emptyBins, type BinnedPictures } from './binned-pictures.ts';

/** The bundle whose pictures are counted, and what its reference watches. */
export interface WatchedBundle {
  readonly digest: string;
  readonly statistics: readonly WatchedStatistic[];
}

/**
 * Asks Prometheus how many pictures fell into which bin while a bundle was served: other bundles have other bins, under the
 * same names.
 *
 * @throws CliError METRICS_NOT_FOUND, REFERENCE_DIFFERS; as `PrometheusClient.range`.
 */
export async function readBins(
  client: PrometheusClient,
  scope: Scope,
  period: Period,
  bundle: WatchedBundle,
): Promise<BinnedPictures> {
  const reader = metricsReader(client, scope, period);
  const info = await reader.values('model_info');
  const rises = await reader.rises([inferenceMetrics.driftBin.suffix], inferenceMetrics.driftBin.labels);
  if (rises.length === 0) {
    if (info.length === 0) throw await noSuchModel(client, scope, period);
    throw new CliError(
      'METRICS_NOT_FOUND',
      `Prometheus has metrics of ${scope.model}, but none of drift in this period.`,
      'Check that the bundle that is served has a reference (pawl inspect URI), and go further back with --since.',
    );
  }
  const served = servedModels(info, period);
  const others = new Map<string, ModelIdentity>();
  const own = rises.map((rise): Rise => ({
    ...rise,
    bySteps: rise.bySteps.map((value, step) => {
      if (value === 0) return 0;
      const model = served(rise.target, step);
      if (model === undefined || model.digest === bundle.digest) return value;
      others.set(model.digest, model);
      return 0;
    }),
  }));
  const counted = own.filter(({ bySteps }) => bySteps.some((value) => value > 0));
  if (counted.length === 0 && others.size > 0)
    throw new CliError(
      'REFERENCE_DIFFERS',
      `The bundle is ${shortDigest(bundle.digest)}, but what was served in this period is ${named([...others.values()])}.`,
      'Name the bundle that is served with --bundle, or go further back with --since.',
    );
  const warnings = [
    ...client.warnings,
    ...(others.size > 0
      ? [`Pictures that ${named([...others.values()])} answered are left out: their bins are others.`]
      : []),
    ...(modelsIn(info).length === 0 ? ['Prometheus has no model_info: which bundle was served is not checked.'] : []),
  ];
  return { period, counts: intoBins(counted, bundle.statistics, period), warnings };
}

const named = (models: readonly ModelIdentity[]) =>
  list(models.slice(0, 5).map(({ version, digest }) => plain(`${version} (${shortDigest(digest)})`)));

/** Pure: the counts by the bins of a reference. @throws CliError REFERENCE_DIFFERS for a bin that it does not have. */
function intoBins(
  rises: readonly Rise[],
  statistics: readonly WatchedStatistic[],
  period: Pick<Period, 'steps'>,
): number[][][] {
  const counts = emptyBins(statistics, period);
  for (const { labels, bySteps } of rises) {
    const { statistic: name = '', bin: binName = '' } = labels;
    const statistic = statistics.findIndex((one) => one.name === name);
    const bin = statistics[statistic]?.bins.indexOf(binName) ?? -1;
    if (bin === -1)
      throw new CliError(
        'REFERENCE_DIFFERS',
        `The service counts pictures in bin "${plain(binName)}" of ${plain(name)}, which the reference of the bundle does not have.`,
        'Name the bundle that is served with --bundle.',
      );
    for (const [step, value] of bySteps.entries()) {
      const row = counts[step]?.[statistic];
      if (row !== undefined) row[bin] = (row[bin] ?? 0) + value;
    }
  }
  return counts;
}
