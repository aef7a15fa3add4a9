import { type Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { parseTime, themeOf, type Session } from '../session.ts';

interface SimulateOptions {
  readonly url: string;
  readonly n: number;
  readonly photos?: string;
  readonly concurrency: number;
  readonly out: string;
  readonly seed: number;
  readonly timeout: number;
  readonly minAccuracy?: number;
  readonly color: boolean;
}

export function addSimulate(program: Command, session: Session): void {
  program
    .command('simulate')
    .summary('send labelled photographs to a service and score its answers')
    .description(
      'Send photographs whose labels are known to a running service, and report accuracy, confidence and latency.',
    )
    .requiredOption('--url <url>', 'address of the service', 'http://localhost:8000')
    .addOption(new Option('--n <count>', 'requests to send').argParser(parseCount(1, 1_000_000)).default(50))
    .option('--photos <folder>', 'LABEL/FILE.jpg or LABEL.NAME.jpg (default: the bundled acceptance photographs)')
    .addOption(new Option('--concurrency <count>', 'requests at once').argParser(parseCount(1, 256)).default(1))
    .option('--out <file>', 'where the JSON report goes', 'monitoring/performance_report.json')
    .addOption(
      new Option('--seed <number>', 'of the order of the photographs')
        .argParser(parseCount(0, 2 ** 31 - 1))
        .default(42),
    )
    .addOption(
      new Option('--timeout <time>', 'longest wait for one answer').argParser(parseTime).default(10_000, '10s'),
    )
    .addOption(new Option('--min-accuracy <share>', 'exit code 1 below this, 0 to 1').argParser(parseShare))
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action(async (options: SimulateOptions) => {
      session.exitCode = await run(session, options);
    });
}

async function run(session: Session, options: SimulateOptions): Promise<ExitCode> {
  const { runSimulation } = await import('../../service/run-simulation.ts');
  const { report, gaveUp } = await runSimulation(session.context, themeOf(session, options), {
    url: options.url,
    count: options.n,
    photos: options.photos,
    concurrency: options.concurrency,
    out: options.out,
    seed: options.seed,
    timeoutMs: options.timeout,
  });
  if (gaveUp !== undefined) throw gaveUp;
  const accurate = (report.accuracy ?? 0) >= (options.minAccuracy ?? 0);
  if (!accurate) session.context.stderr.write(`accuracy is below --min-accuracy ${options.minAccuracy ?? 0}\n`);
  return report.errors === 0 && accurate ? exitCodes.ok : exitCodes.no;
}

/** A whole number within bounds. */
export function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${least} to ${most}.`);
  };
}

function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1, such as 0.9.');
}
