import { Option, type Command } from 'commander';
import { CliError, exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { STORES_HELP } from '../bundles/publishing-options.ts';
import { themeOf, type Session } from '../session.ts';
import { CREDENTIALS_HELP, withPrometheusOptions, type PrometheusOptions } from './prometheus-options.ts';

interface DriftOptions extends PrometheusOptions {
  readonly bundle: string;
  readonly html?: string;
  readonly json?: string;
  readonly exitCode?: true;
  readonly color: boolean;
}

export function addDrift(program: Command, session: Session): void {
  const drift = program
    .command('drift')
    .summary('see whether pictures are still like those that the model was made with')
    .description('See whether pictures and answers are still like those that the model was made with.');
  withPrometheusOptions(
    drift
      .command('report')
      .summary('what changed, since when, and what it probably means')
      .description(
        'Compare what the service counted with the reference of its bundle: what moved, when it moved first, how sure that is, and what it probably means. No picture is needed, nor kept.',
      )
      .requiredOption('--bundle <uri>', 'address or folder of the bundle that is served'),
    '24h',
  )
    .option('--html <file>', 'write the report as a page')
    .option('--json <file>', 'write the report for programs; - is the standard output')
    .addOption(new Option('--exit-code', 'exit code 1 while there is drift'))
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .addHelpText('after', CREDENTIALS_HELP)
    .addHelpText('after', STORES_HELP)
    .action(async (options: DriftOptions) => {
      session.exitCode = await report(session, options);
    });
}

async function report(session: Session, options: DriftOptions): Promise<ExitCode> {
  const { context } = session;
  if (options.prometheus === undefined)
    throw new CliError(
      'USAGE',
      '--prometheus is missing.',
      'Give the address of Prometheus, such as http://localhost:9090.',
    );
  const { readDrift } = await import('../../watch/drift/read-drift.ts');
  const found = await readDrift(context, {
    bundle: options.bundle,
    prometheus: options.prometheus,
    matchers: options.match,
    sinceSeconds: options.since,
    timeoutMs: options.timeout,
  });
  const { writeOutput } = await import('../../terminal/write-output.ts');
  // Whatever goes to the standard output is alone there.
  const isPiped = options.json === '-' || options.html === '-';
  if (!isPiped) {
    const { renderDrift } = await import('../../watch/drift/render-drift.ts');
    context.stdout.write(`${renderDrift(found, themeOf(session, options)).join('\n')}\n`);
  }
  if (options.json !== undefined) await writeOutput(context, options.json, `${JSON.stringify(found, null, 2)}\n`);
  if (options.html !== undefined) {
    const { renderDriftPage } = await import('../../watch/drift/drift-page.ts');
    await writeOutput(context, options.html, renderDriftPage(found));
  }
  const files = [options.json, options.html].filter((file) => file !== undefined);
  if (!isPiped && files.length > 0) context.stdout.write(`\n${files.map((file) => `wrote ${file}\n`).join('')}`);
  return found.alarm && options.exitCode === true ? exitCodes.no : exitCodes.ok;
}
