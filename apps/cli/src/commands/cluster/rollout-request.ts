import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { annotations } from '@pawl/shared/modelversion/names';
import { type Command, Option } from 'commander';
import type { Cluster } from '../../cluster/connection/cluster.ts';
import { CliError, exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import {
  announce,
  requestPatch,
  requestValue,
  type RolloutRequest,
} from '../../cluster/model-version/rollout-request.ts';
import { findVersion } from '../../cluster/model-version/find.ts';
import { isServing, seen, titleOf } from '../../cluster/model-version/order.ts';
import { plain, span } from '../../terminal/text.ts';
import {
  flagsOf,
  parseTime,
  themeOf,
  withCluster,
  withClusterOptions,
  type ClusterOptions,
  type Session,
} from '../session.ts';

export interface RequestOptions extends ClusterOptions {
  /** Undefined: only on a terminal. */
  readonly wait?: boolean;
  readonly timeout: number;
}

/** How often a waiting command looks, ms. */
const POLL_MS = 500;

/** Adds what `abort`, `retry` and `promote` have in common. */
export function withRequestOptions(command: Command): Command {
  return withClusterOptions(command)
    .addOption(new Option('--wait', 'wait until the controller has acted (default on a terminal)'))
    .addOption(new Option('--no-wait', 'only ask, and do not wait'))
    .addOption(
      new Option('--timeout <time>', 'longest wait for the controller').argParser(parseTime).default(60_000, '1m'),
    );
}

/** Makes a request of the controller and, if wanted, waits until it is handled. */
export function requestOf(
  session: Session,
  request: RolloutRequest,
  name: string,
  options: RequestOptions,
): Promise<void> {
  return withCluster(session, options, async (cluster) => {
    const { context } = session;
    const { stdout, stderr } = context;
    const theme = themeOf(session, options);
    const version = await findVersion(cluster, name);
    const siblings = await cluster.modelVersions();
    const serving = siblings.find(
      (other) => other.spec.model === version.spec.model && other.metadata.name !== name && isServing(other),
    );
    const announcement = announce(request, version, serving, flagsOf(options));
    const value = requestValue(context.now(), context.random());
    stdout.write(`${plain(announcement)}\n`);
    stdout.write(theme.paint('dim', `= ${kubectlOf(request, name, value, cluster, options)}`) + '\n');
    if (seen(version) !== 'current') {
      stderr.write('warning: no controller has seen the last change of this object; check that one runs.\n');
    }
    await cluster.patchModelVersion(name, requestPatch(request, version, value));
    if (!(options.wait ?? stdout.isTTY === true)) {
      stdout.write(theme.asCalled(`Asked. See what comes of it: pawl rollout status ${name}${flagsOf(options)}\n`));
      return exitCodes.ok;
    }
    return await waitUntilHandled(session, cluster, version, request, value, options);
  });
}

function kubectlOf(
  request: RolloutRequest,
  name: string,
  value: string,
  cluster: Cluster,
  options: ClusterOptions,
): string {
  const namespace = options.namespace === undefined ? ` -n ${cluster.namespace}` : '';
  return `kubectl${namespace}${flagsOf(options)} annotate --overwrite modelversion ${name} ${annotations[request]}=${value}`;
}

async function waitUntilHandled(
  session: Session,
  cluster: Cluster,
  version: ModelVersion,
  request: RolloutRequest,
  value: string,
  options: RequestOptions,
): Promise<ExitCode> {
  const { context } = session;
  const { name, uid } = version.metadata;
  const deadline = context.now().getTime() + options.timeout;
  for (;;) {
    const current = await readPatiently(cluster, name);
    if (current !== 'unreachable') {
      if (current?.metadata.uid !== uid) {
        throw new CliError('VERSION_NOT_FOUND', `${name} was deleted meanwhile`, 'See what there is: pawl get');
      }
      if (current.status?.handled?.[request] === value) {
        const { phase, message } = current.status;
        context.stdout.write(`Done: ${titleOf(current)} is ${phase}. ${plain(message)}\n`);
        return exitCodes.ok;
      }
    }
    if (context.signal.aborted) throw new CliError('INTERRUPTED', 'interrupted; the request stays', '');
    if (context.now().getTime() >= deadline) {
      throw new CliError(
        'TIMEOUT',
        `no controller has acted on the request within ${span(options.timeout)}; the request stays`,
        `See why: pawl explain ${name}${flagsOf(options)}`,
      );
    }
    await context.sleep(POLL_MS);
  }
}

/** An API server that restarts in between is no reason to give up before the deadline. */
async function readPatiently(cluster: Cluster, name: string): Promise<ModelVersion | undefined | 'unreachable'> {
  try {
    return await cluster.modelVersion(name);
  } catch (error) {
    if (error instanceof CliError && error.transient) return 'unreachable';
    throw error;
  }
}
