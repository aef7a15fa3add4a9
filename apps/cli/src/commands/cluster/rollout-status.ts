import { type Command, Option } from 'commander';
import type { Cluster } from '../../cluster/connection/cluster.ts';
import { CliError, exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { renderLine, renderRollout, renderTrouble } from '../../cluster/rollout/render.ts';
import {
  endingOf,
  follow,
  observe,
  stableVersion,
  type Ending,
  type Followed,
  type RolloutState,
} from '../../cluster/rollout/state.ts';
import { liveView, type LiveView } from '../../terminal/live-view.ts';
import { plain, span } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { outputOption, writeData } from '../output.ts';
import { noteSpelling } from '../spelling.ts';
import {
  flagsOf,
  parseTime,
  themeOf,
  withCluster,
  withClusterOptions,
  type ClusterOptions,
  type Session,
} from '../session.ts';

interface StatusOptions extends ClusterOptions {
  readonly watch?: boolean;
  readonly timeout?: number;
  readonly output?: 'json' | 'yaml';
}

/** How often the cluster is read while watching, ms. */
const POLL_MS = 1_000;

/** Adds `status`, which `rollout NAME` means too. */
export function addRolloutStatus(rollout: Command, session: Session): void {
  withClusterOptions(
    rollout
      .command('status', { isDefault: true })
      .summary('where a rollout is')
      .description(
        'Show where the rollout of a model is. With --watch: until it ends; exit code 0 when the version serves, 1 when it failed.',
      )
      .argument('[name|model]', 'a ModelVersion, or a model (default: the only one)')
      .option('-w, --watch', 'follow it until it ends')
      .addOption(
        new Option('--timeout <time>', 'with --watch: give up after this time, exit code 124').argParser(parseTime),
      )
      .addOption(outputOption('json', 'yaml').conflicts('watch')),
  ).action((wanted: string | undefined, options: StatusOptions) => {
    if (wanted !== undefined && rollout.args[0] !== 'status')
      noteSpelling(session, 'rollout NAME', 'rollout status NAME');
    return withCluster(session, options, async (cluster) => {
      const target = await follow(cluster, wanted);
      return options.watch === true
        ? await watch(session, cluster, target, options)
        : await snapshot(session, cluster, target, options);
    });
  });
}

async function snapshot(
  session: Session,
  cluster: Cluster,
  target: Followed,
  options: StatusOptions,
): Promise<ExitCode> {
  const { stdout, now } = session.context;
  const state = await observe(cluster, target, now);
  if (options.output !== undefined) await writeData(stdout, options.output, asData(state));
  else stdout.write(`${renderRollout(state, themeOf(session, options)).join('\n')}\n`);
  return exitOf(endingOf(state)) ?? exitCodes.ok;
}

function exitOf(ending: Ending): ExitCode | undefined {
  switch (ending) {
    case 'serving':
      return exitCodes.ok;
    case 'failed':
    case 'superseded':
    case 'deleted':
      return exitCodes.no;
    case undefined:
      return undefined;
  }
}

async function watch(session: Session, cluster: Cluster, target: Followed, options: StatusOptions): Promise<ExitCode> {
  const { context } = session;
  const theme = themeOf(session, options);
  const deadline = options.timeout === undefined ? Infinity : context.now().getTime() + options.timeout;
  const view = context.stdout.isTTY === true ? await liveView(context.stdout) : undefined;
  const show = view === undefined ? lineByLine(session) : inPlace(view, theme);
  let last: RolloutState | undefined;
  try {
    for (;;) {
      const looked = await look(cluster, target, session, last);
      if (context.signal.aborted) return exitCodes.interrupted;
      if (typeof looked !== 'string') {
        last = looked;
        show(last);
        const exit = exitOf(endingOf(last));
        if (exit !== undefined) return exit;
      } else show(last, looked);
      const left = deadline - context.now().getTime();
      if (left <= 0) break;
      await context.sleep(Math.min(POLL_MS, left));
    }
  } finally {
    view?.done();
  }
  throw new CliError(
    'TIMEOUT',
    `the rollout was not over within ${span(options.timeout ?? 0)}; it goes on`,
    `See what it waits for: pawl explain ${last?.candidate?.metadata.name ?? target.model}${flagsOf(options)}`,
  );
}

/** The state of the cluster, or why it cannot be seen for the moment. The first look must succeed. */
async function look(
  cluster: Cluster,
  target: Followed,
  session: Session,
  before: RolloutState | undefined,
): Promise<RolloutState | string> {
  try {
    return await observe(cluster, target, session.context.now, before);
  } catch (error) {
    if (before !== undefined && error instanceof CliError && (error.transient || error.code === 'INTERRUPTED'))
      return error.message;
    throw error;
  }
}

type Show = (state: RolloutState | undefined, trouble?: string) => void;

function inPlace(view: LiveView, theme: Theme): Show {
  return (state, trouble) => {
    const picture = state === undefined ? [] : renderRollout(state, theme);
    view.update(trouble === undefined ? picture : [...picture, '', renderTrouble(trouble, theme)]);
  };
}

/** For logs: a line a change. */
function lineByLine({ context }: Session): Show {
  let before = '';
  return (state, trouble) => {
    const line = trouble ?? (state === undefined ? '' : renderLine(state));
    if (line === before) return;
    before = line;
    const ended = state !== undefined && trouble === undefined && endingOf(state) === 'failed';
    const why = ended ? `: ${state.candidate?.status?.verdict?.message ?? ''}` : '';
    context.stdout.write(
      `${context
        .now()
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')} ${plain(line + why)}\n`,
    );
  };
}

function asData(state: RolloutState): object {
  const { candidate } = state;
  return {
    model: state.model,
    namespace: state.namespace,
    outcome: endingOf(state) ?? 'under way',
    stable: { name: state.serving?.metadata.name ?? null, version: stableVersion(state) ?? null },
    candidate:
      candidate === undefined
        ? null
        : { name: candidate.metadata.name, version: candidate.spec.version, ...candidate.status },
  };
}
