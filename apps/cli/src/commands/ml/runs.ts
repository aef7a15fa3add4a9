import { relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError, exitCodes } from '../../errors/cli-error.ts';
import type { RunRow } from '../../ml/tracking/render-runs.ts';
import { count } from '../../terminal/text.ts';
import { themeOf, type Session } from '../session.ts';
import { outputOption, writeData, type Format } from '../output.ts';

interface RunsOptions {
  readonly runs: string;
  readonly trackingUri?: string;
  readonly output?: Format;
  readonly color: boolean;
}

interface ServeCommandOptions {
  readonly runs: string;
  readonly mlflow?: string;
  readonly port?: number;
  readonly store?: string;
}

const TRACKING_HELP = `
Variables:
  MLFLOW_TRACKING_URI       the tracking server, such as http://localhost:5000
  MLFLOW_TRACKING_TOKEN     or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD
  MLFLOW_S3_ENDPOINT_URL    where artifacts lie in an S3 store that the server does not proxy
`;

export function addRuns(program: Command, session: Session): void {
  const runs = program.command('runs').summary('list training runs, show them in MLflow').description('Training runs.');
  withRunsOptions(runs.command('list').summary('list runs, newest first'))
    .description('List the runs of the local record, newest first, and whether the tracking server has them.')
    .addOption(outputOption('json', 'yaml'))
    .action((options: RunsOptions) => list(session, options));
  withRunsOptions(runs.command('show').summary('everything about one run').argument('<run>', 'its name or id'))
    .description('Show one run of the local record: parameters, last figures, tags, artifacts.')
    .addOption(outputOption('json', 'yaml'))
    .action((run: string, options: RunsOptions) => show(session, run, options));
  withRunsOptions(runs.command('push').summary('send what the server lacks'))
    .description(
      'Send to the tracking server what it lacks of the local record: runs made without it, and what it missed while it was away. Sending again changes nothing.',
    )
    .action((options: RunsOptions) => push(session, options));
  runs
    .command('serve')
    .summary('show the runs in MLflow')
    .description(
      'Start the mlflow of this machine with a store of its own, send it every run of the local record, and then what is new, until Ctrl-C.',
    )
    .option('--runs <folder>', 'the local record', 'runs')
    .option('--mlflow <path>', 'the program mlflow (default: $PAWL_MLFLOW, or the one on PATH)')
    .addOption(
      new Option('--port <n>', 'port on 127.0.0.1 (default: 5000, or any where that is in use)').argParser(port),
    )
    .option('--store <folder>', "keeps MLflow's database and artifacts (default: a folder that is deleted at the end)")
    .action((options: ServeCommandOptions) => serve(session, options));
}

const withRunsOptions = (command: Command): Command =>
  command
    .option('--runs <folder>', 'the local record', 'runs')
    .option('--tracking-uri <url>', 'the tracking server (default: $MLFLOW_TRACKING_URI)')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .addHelpText('after', TRACKING_HELP);

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_535) return value;
  throw new InvalidArgumentError('Expected a port, 1 to 65535.');
}

/** The runs of the record as they are shown: folders relative to where the command was called. */
async function rowsOf(session: Session, options: RunsOptions): Promise<readonly RunRow[]> {
  const { env, cwd } = session.context;
  const [{ trackingSettings }, { describeRuns }] = await Promise.all([
    import('../../ml/tracking/tracking-settings.ts'),
    import('../../ml/tracking/describe-runs.ts'),
  ]);
  const settings = trackingSettings({ env }, options.trackingUri);
  const root = resolve(cwd, options.runs);
  const rows = await describeRuns(root, settings.kind === 'server' ? settings.url : undefined);
  return rows.map((row) => (row.location.startsWith(root) ? { ...row, location: relative(cwd, row.location) } : row));
}

async function list(session: Session, options: RunsOptions): Promise<void> {
  const { stdout, stderr, now, cwd } = session.context;
  const root = resolve(cwd, options.runs);
  const rows = await rowsOf(session, options);
  const [{ countOlderRuns }, { renderRuns }] = await Promise.all([
    import('../../ml/tracking/older-runs.ts'),
    import('../../ml/tracking/render-runs.ts'),
  ]);
  const older = await countOlderRuns(root);
  const shown = relative(cwd, root) || '.';
  if (options.output === 'json' || options.output === 'yaml') await writeData(stdout, options.output, rows);
  else if (rows.length > 0) stdout.write(renderRuns(rows, themeOf(session, options), now()));
  else if (older === 0) stderr.write(`No runs in ${shown}. "pawl train" makes one.\n`);
  for (const { name, damaged } of rows.filter((row) => row.damaged > 0))
    stderr.write(`warning: ${count(damaged, 'line')} of the record of ${name} cannot be read and is left out.\n`);
  if (older > 0)
    stderr.write(
      `${count(older, 'run')} of an earlier version of Pawl in ${shown}: see them with\n` +
        `  MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri ${shown}\n`,
    );
}

async function show(session: Session, run: string, options: RunsOptions): Promise<void> {
  const { stdout, now } = session.context;
  const rows = await rowsOf(session, options);
  const row = rows.find(({ runId }) => runId === run) ?? rows.find(({ name }) => name === run);
  if (row === undefined)
    throw new CliError('RUN_NOT_FOUND', `There is no run ${run} in ${options.runs}.`, 'See "pawl runs list".');
  if (options.output === 'json' || options.output === 'yaml') {
    await writeData(stdout, options.output, row);
    return;
  }
  const { renderRun } = await import('../../ml/tracking/render-runs.ts');
  stdout.write(renderRun(row, themeOf(session, options), now()));
}

async function push(session: Session, options: RunsOptions): Promise<void> {
  const { context } = session;
  const { trackingSettings } = await import('../../ml/tracking/tracking-settings.ts');
  const settings = trackingSettings(context, options.trackingUri);
  if (settings.kind !== 'server')
    throw new CliError(
      'USAGE',
      'There is no tracking server to send runs to.',
      'Set MLFLOW_TRACKING_URI, such as http://localhost:5000, or give --tracking-uri.',
    );
  const { pushRuns } = await import('../../ml/tracking/push-runs.ts');
  const counts = { sent: 0, 'there already': 0, busy: 0 };
  await pushRuns(resolve(context.cwd, options.runs), settings, context, (outcome) => {
    const { name, result, page, changedArtifacts } = outcome;
    counts[result] += 1;
    if (result === 'sent') context.stdout.write(`${name}  ${page}\n`);
    if (result === 'busy') context.stderr.write(`${name} is in use by another process; it is left alone.\n`);
    warnOfChanges(session, name, changedArtifacts);
  });
  context.stdout.write(`${count(counts.sent, 'run')} sent, ${counts['there already']} there already.\n`);
  session.exitCode = counts.busy > 0 ? exitCodes.no : exitCodes.ok;
}

async function serve(session: Session, options: ServeCommandOptions): Promise<void> {
  const { context } = session;
  const { stdout, cwd } = context;
  const [{ findMlflow, serverArguments }, { DEFAULT_PORT, serveRuns }] = await Promise.all([
    import('../../ml/tracking/mlflow-process.ts'),
    import('../../ml/tracking/serve-runs.ts'),
  ]);
  const executable = await findMlflow(context, options.mlflow ?? context.env['PAWL_MLFLOW']);
  if (executable === undefined) {
    const port = options.port ?? DEFAULT_PORT;
    const store = options.store ?? 'mlflow-runs';
    const runs = options.runs === 'runs' ? '' : ` --runs ${options.runs}`;
    stdout.write(
      `There is no mlflow on PATH. Where there is one ("pip install mlflow"), start a server:\n` +
        `  mkdir -p ${store}\n  mlflow ${serverArguments(store, port).join(' ')}\n` +
        `and send it the runs from here:\n  pawl runs push --tracking-uri http://127.0.0.1:${port}${runs}\n`,
    );
    session.exitCode = exitCodes.notFound;
    return;
  }
  stdout.write('Starting mlflow ...\n');
  await serveRuns(context, {
    root: resolve(cwd, options.runs),
    executable,
    port: options.port,
    store: options.store === undefined ? undefined : resolve(cwd, options.store),
    onReady: ({ url, runs }) =>
      stdout.write(`${count(runs, 'run')} at ${url} - new ones appear there. Ctrl-C ends it.\n`),
    onChangedArtifacts: (run, paths) => {
      warnOfChanges(session, run, paths);
    },
  });
}

/** Says which artifacts are not those that the record speaks of. */
function warnOfChanges({ context }: Session, run: string, paths: readonly string[]): void {
  for (const path of paths)
    context.stderr.write(`warning: ${path} of ${run} is not what was recorded; it is not sent.\n`);
}
