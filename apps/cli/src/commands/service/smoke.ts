import { type Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { outputOption, writeData } from '../output.ts';
import { parseTime, themeOf, type Session } from '../session.ts';

interface SmokeCommandOptions {
  readonly image?: string;
  readonly labels: readonly string[];
  readonly wait?: number;
  readonly timeout: number;
  readonly output?: 'json' | 'yaml';
  readonly color: boolean;
}

export function addSmoke(program: Command, session: Session): void {
  program
    .command('smoke')
    .summary('check that a deployed service answers')
    .description(
      'Check a deployed service: /health and /predict answer 200, and the label is one of the model. No model yet is only a warning.',
    )
    .argument('<url>', 'address of the service, such as http://localhost:8000')
    .option('--image <file>', 'photograph to send (default: a bundled one)')
    .addOption(
      new Option('--labels <list>', 'labels of the model').argParser(parseLabels).default(['cat', 'dog'], 'cat,dog'),
    )
    .addOption(new Option('--wait <time>', 'wait so long for a service that is still starting').argParser(parseTime))
    .addOption(
      new Option('--timeout <time>', 'longest wait for one answer').argParser(parseTime).default(10_000, '10s'),
    )
    .addOption(outputOption('json', 'yaml'))
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action(async (url: string, options: SmokeCommandOptions) => {
      session.exitCode = await run(session, url, options);
    });
}

async function run(session: Session, url: string, options: SmokeCommandOptions): Promise<ExitCode> {
  const { context } = session;
  const { runSmoke } = await import('../../service/run-smoke.ts');
  const { renderSmokeChecks } = await import('../../service/render-checks.ts');
  const { hasPassed } = await import('../../service/smoke.ts');
  const checks = await runSmoke(context, {
    url,
    image: options.image,
    labels: options.labels,
    waitMs: options.wait ?? 0,
    timeoutMs: options.timeout,
  });
  const good = hasPassed(checks);
  if (options.output === undefined)
    context.stdout.write(`${renderSmokeChecks(checks, url, themeOf(session, options)).join('\n')}\n`);
  else await writeData(context.stdout, options.output, { url, passed: good, checks });
  return good ? exitCodes.ok : exitCodes.no;
}

function parseLabels(text: string): readonly string[] {
  const labels = text.split(',').map((label) => label.trim());
  if (labels.every((label) => /^[a-z0-9][a-z0-9_]*$/.test(label))) return labels;
  throw new InvalidArgumentError('Expected labels with commas between them, such as cat,dog.');
}
