import type { SimulationReport } from '../../service/report.ts';
import { makeSimulation, type SimulationRequest } from '../../service/run-simulation.ts';
import type { Context } from '../../terminal/context.ts';
import { periodBefore } from '../prometheus/period.ts';
import { PrometheusClient } from '../prometheus/prometheus-client.ts';
import { scopeOf, type Matcher } from '../prometheus/selector.ts';
import { prometheusSettings } from '../prometheus/settings.ts';
import type { Performance } from './performance-report.ts';
import { readProduction } from './read-production.ts';
import { readSimulation } from './read-simulation.ts';

/** A simulation that was saved, or one to make. */
export type SimulationSource = { readonly file: string } | { readonly request: SimulationRequest };

/** At least one of `prometheus` and `simulation` is given. */
export interface PerformanceQuestion {
  readonly model: string;
  readonly prometheus: string | undefined;
  readonly matchers: readonly Matcher[];
  readonly sinceSeconds: number;
  readonly timeoutMs: number;
  readonly simulation: SimulationSource | undefined;
}

/**
 * Asks whoever knows how a model does.
 *
 * @throws CliError USAGE, METRICS_NOT_FOUND, METRICS_TOO_MANY, PROMETHEUS_UNREACHABLE, PROMETHEUS_REFUSED, FILE_NOT_FOUND,
 *   SIMULATION_INVALID, and those of a simulation.
 */
export async function readPerformance(context: Context, question: PerformanceQuestion): Promise<Performance> {
  const { model, prometheus, matchers, sinceSeconds, timeoutMs } = question;
  const settings = prometheus === undefined ? undefined : prometheusSettings(prometheus, context.env);
  const production =
    settings === undefined
      ? undefined
      : await readProduction(
          new PrometheusClient(settings, timeoutMs, context),
          scopeOf(model, matchers),
          periodBefore(context.now(), sinceSeconds),
        );
  // Only now: its own requests are none of production's.
  const simulation = await simulationOf(context, question.simulation);
  return { production, simulation };
}

async function simulationOf(
  context: Context,
  source: SimulationSource | undefined,
): Promise<SimulationReport | undefined> {
  if (source === undefined) return undefined;
  if ('file' in source) return await readSimulation(context, source.file);
  const { report, gaveUp } = await makeSimulation(context, source.request);
  if (gaveUp !== undefined) throw gaveUp;
  return report;
}
