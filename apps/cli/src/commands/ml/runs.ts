import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError, exitCodes } from '../../errors/cli-error.ts';
import { count } from '../../terminal/text.ts';
import { themeOf, type Session } from '../session.ts';
import { outputOption, writeData, type Format } from '../output.ts';

interface RunsOptions {
  readonly runs: string;
  readonly trackingUri?: string;
  readonly output?: Format;
  readonly color: boolean;
}

const TRACKING_HELP = `
Variables:
  MLFLOW_TRACKING_URI       the tracking server, such as http://localhost:5000
  MLFLOW_TRACKING_TOKEN     or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD
  MLFLOW_S3_ENDPOINT_URL    where artifacts lie in an S3 store that the server does not proxy
`;

export function addRuns(program: Command, session: Session): void {
  const runs = program.command('runs').summary('list training runs, send them to MLflow').description('Training runs.');
  withRunsOptions(runs.command('list').summary('list runs, newest first'))
    .description('List the runs of the local record, newest first, and whether the tracking server has them.')
    .addOption(outputOption('json', 'yaml'))
    .action((options: RunsOptions) => list(session, options));
  withRunsOptions(runs.command('push').summary('send what the server lacks'))
    .description(
      'Send to the tracking server what it lacks of the local record: runs made without it, and what it missed while it was away. Sending again changes nothing.',
    )
    .action((options: RunsOptions) => push(session, options));
}

const withRunsOptions = (command: Command): Command =>
  command
    .option('--runs <folder>', 'the local record', 'runs')
    .option('--tracking-uri <url>', 'the tracking server (default: $MLFLOW_TRACKING_URI)')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .addHelpText('after', TRACKING_HELP);

async function settingsOf(session: Session, options: RunsOptions) {
  const { trackingSettings } = await import('../../ml/tracking/tracking-settings.ts');
  const settings = trackingSettings(session.context, options.trackingUri);
  const root = settings.kind === 'folder' ? settings.folder : resolve(session.context.cwd, options.runs);
  return { settings, root };
}

async function list(session: Session, options: RunsOptions): Promise<void> {
  const { stdout, stderr, now, cwd } = session.context;
  const { settings, root } = await settingsOf(session, options);
  const { describeRuns } = await import('../../ml/tracking/describe-runs.ts');
  const rows = await describeRuns(root, settings.kind === 'server' ? settings.url : undefined);
  if (options.output === 'json' || options.output === 'yaml') {
    await writeData(stdout, options.output, rows);
  } else if (rows.length === 0) {
    stderr.write(`No runs in ${relative(cwd, root) || '.'}. "pawl train" makes one.\n`);
  } else {
    const { renderRuns } = await import('../../ml/tracking/render-runs.ts');
    const near = rows.map((row) => ({
      ...row,
      location: row.location.startsWith(root) ? relative(cwd, row.location) : row.location,
    }));
    stdout.write(renderRuns(near, themeOf(session, options), now()));
  }
}

async function push(session: Session, options: RunsOptions): Promise<void> {
  const { context } = session;
  const { settings, root } = await settingsOf(session, options);
  if (settings.kind !== 'server')
    throw new CliError(
      'USAGE',
      'There is no tracking server to send runs to.',
      'Set MLFLOW_TRACKING_URI, such as http://localhost:5000, or give --tracking-uri.',
    );
  const { pushRuns } = await import('../../ml/tracking/push-runs.ts');
  const counts = { sent: 0, 'there already': 0, busy: 0 };
  await pushRuns(root, settings, context, ({ run, result, page }) => {
    counts[result] += 1;
    if (result === 'sent') context.stdout.write(`${run.info.runName}  ${page}\n`);
    if (result === 'busy')
      context.stderr.write(`${run.info.runName} is in use by another process; it is left alone.\n`);
  });
  context.stdout.write(`${count(counts.sent, 'run')} sent, ${counts['there already']} there already.\n`);
  session.exitCode = counts.busy > 0 ? exitCodes.no : exitCodes.ok;
}
