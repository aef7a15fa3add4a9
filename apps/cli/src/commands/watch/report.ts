import type { Command } from 'commander';
import { CliError } from '../../errors/cli-error.ts';
import type { SimulationSource } from '../../watch/performance/read-performance.ts';
import { parseCount } from '../service/simulate.ts';
import { themeOf, type Session } from '../session.ts';
import { CREDENTIALS_HELP, withPrometheusOptions, type PrometheusOptions } from './prometheus-options.ts';

/** Where the order's report lies. */
const REPORT_FILE = 'monitoring/performance_report.json';

interface ReportOptions extends PrometheusOptions {
  readonly model: string;
  readonly simulation?: string;
  readonly url?: string;
  readonly n: number;
  readonly photos?: string;
  readonly json?: string | true;
  readonly html?: string;
  readonly color: boolean;
}

export function addReport(program: Command, session: Session): void {
  withPrometheusOptions(
    program
      .command('report')
      .summary('how a model does after its deployment')
      .description(
        'Report how a model does after its deployment: accuracy, confidence, latency, requests and errors, by label and version. From Prometheus, from a simulation, or from both.',
      )
      .option('--model <name>', 'name of the model, which its metrics begin with', 'catdog')
      .option('--simulation <file>', 'report of a simulation, as pawl simulate writes it')
      .option('--url <url>', 'make a simulation with the service at this address')
      .option('--n <count>', 'requests of the simulation', parseCount(1, 1_000_000), 50)
      .option('--photos <folder>', 'its photographs (default: the bundled acceptance photographs)'),
    '24h',
  )
    .option('--json [file]', `write the report for programs; - is the standard output (default file: ${REPORT_FILE})`)
    .option('--html <file>', 'write the report as a page')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .addHelpText('after', CREDENTIALS_HELP)
    .action((options: ReportOptions) => report(session, options));
}

async function report(session: Session, options: ReportOptions): Promise<void> {
  const { context } = session;
  const theme = themeOf(session, options);
  const json = options.json === true ? REPORT_FILE : options.json;
  if (options.prometheus === undefined && options.simulation === undefined && options.url === undefined)
    throw new CliError(
      'USAGE',
      'Nothing says where the report comes from.',
      'Give the address of Prometheus with --prometheus, the report of a simulation with --simulation, or a service with --url.',
    );
  if (options.simulation !== undefined && options.url !== undefined)
    throw new CliError(
      'USAGE',
      '--simulation and --url are both given.',
      'Give one of them: a simulation that was made, or one to make.',
    );
  const { readPerformance } = await import('../../watch/performance/read-performance.ts');
  const found = await readPerformance(context, {
    model: options.model,
    prometheus: options.prometheus,
    matchers: options.match,
    sinceSeconds: options.since,
    timeoutMs: options.timeout,
    simulation: simulationOf(options),
  });
  const { writeOutput } = await import('../../terminal/write-output.ts');
  // Whatever goes to the standard output is alone there.
  const isPiped = json === '-' || options.html === '-';
  if (!isPiped) {
    const { renderPerformance } = await import('../../watch/performance/render-performance.ts');
    context.stdout.write(`${renderPerformance(found, theme).join('\n')}\n`);
  }
  if (json !== undefined) {
    const { performanceReport } = await import('../../watch/performance/performance-report.ts');
    const saved = performanceReport(found, options.prometheus ?? null);
    await writeOutput(context, json, `${JSON.stringify(saved, null, 2)}\n`);
  }
  if (options.html !== undefined) {
    const { renderPerformancePage } = await import('../../watch/performance/performance-page.ts');
    await writeOutput(context, options.html, renderPerformancePage(found));
  }
  if (isPiped) return;
  const files = [json, options.html].filter((file) => file !== undefined);
  if (files.length > 0) context.stdout.write(`\n${files.map((file) => `wrote ${file}\n`).join('')}`);
}

function simulationOf({ simulation, url, n, photos }: ReportOptions): SimulationSource | undefined {
  if (simulation !== undefined) return { file: simulation };
  return url === undefined
    ? undefined
    : { request: { url, count: n, photos, concurrency: 1, seed: 42, timeoutMs: 10_000 } };
}
