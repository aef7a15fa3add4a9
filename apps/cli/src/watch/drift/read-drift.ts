import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { readReference } from '@pawl/shared/bundle/reference';
import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { withBundle } from '../../bundles/read-bundle.ts';
import { toUri } from '../../bundles/stores.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { Context } from '../../terminal/context.ts';
import { periodBefore } from '../prometheus/period.ts';
import { PrometheusClient } from '../prometheus/prometheus-client.ts';
import { scopeOf, type Matcher } from '../prometheus/selector.ts';
import { prometheusSettings } from '../prometheus/settings.ts';
import { analyseDrift, type WatchedModel } from './analyse-drift.ts';
import type { DriftReport } from './drift-report.ts';
import { readBins } from './read-bins.ts';

export interface DriftQuestion {
  /** Address or folder. */
  readonly bundle: string;
  readonly prometheus: string;
  readonly matchers: readonly Matcher[];
  readonly sinceSeconds: number;
  readonly timeoutMs: number;
}

/**
 * Reads the reference of a bundle and what Prometheus counted against it.
 *
 * @throws CliError USAGE, REFERENCE_MISSING, REFERENCE_DIFFERS, METRICS_NOT_FOUND, METRICS_TOO_MANY, PROMETHEUS_UNREACHABLE,
 *   PROMETHEUS_REFUSED; PawlError of the store and of the reference.
 */
export async function readDrift(context: Context, question: DriftQuestion): Promise<DriftReport> {
  const client = new PrometheusClient(
    prometheusSettings(question.prometheus, context.env),
    question.timeoutMs,
    context,
  );
  const watched = await readWatched(context, question.bundle);
  const scope = scopeOf(watched.model, question.matchers);
  const period = periodBefore(context.now(), question.sinceSeconds);
  return analyseDrift(watched, await readBins(client, scope, period, watched));
}

async function readWatched(context: Context, bundle: string): Promise<WatchedModel> {
  const address = toUri(bundle, context.cwd);
  const { display } = parseBundleUri(address);
  return await withBundle(context, address, {}, async (opened) => {
    const reference = await readReference(opened, context.signal);
    const { name, version } = opened.manifest;
    const statistics = reference === undefined ? [] : watchedStatistics(reference);
    if (statistics.length > 0) return { model: name, version, digest: opened.digest, statistics };
    throw new CliError(
      'REFERENCE_MISSING',
      reference === undefined
        ? `The bundle ${display} has no reference: nobody knows what pictures it was made with.`
        : `The reference of the bundle ${display} is of too few pictures to compare anything with.`,
      'Train or package the model with its pictures (pawl train writes reference.json), release it, and ask again later.',
    );
  });
}
