import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Cluster } from '../cluster/connection/cluster.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { type ExitCode } from '../errors/cli-error.ts';
import { quote } from '../terminal/quote.ts';
import { themeFor, type Theme } from '../terminal/theme.ts';

/** One run of the program: what it may touch, and the exit code that a command leaves. */
export interface Session {
  readonly context: ClusterContext;
  exitCode: ExitCode;
}

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly requestTimeout: number;
  readonly color: boolean;
}

/** Adds what every command that talks to a cluster takes. */
export function withClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', "namespace (default: the context's)")
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <file>', 'kubeconfig (default: $KUBECONFIG, ~/.kube/config, the pod we run in)')
    .addOption(
      new Option('--request-timeout <time>', 'longest wait for one answer of the cluster, such as 10s')
        .argParser(parseTime)
        .default(10_000, '10s'),
    )
    .option('--no-color', 'no colours (also: NO_COLOR)');
}

/**
 * Opens the cluster for the time of `body`, and keeps its exit code.
 *
 * @throws CliError of the cluster
 */
export async function withCluster(
  session: Session,
  options: ClusterOptions,
  body: (cluster: Cluster) => Promise<ExitCode>,
): Promise<void> {
  const { context } = session;
  const cluster = await context.connect({
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    requestTimeoutMs: options.requestTimeout,
    signal: context.signal,
  });
  try {
    session.exitCode = await body(cluster);
  } finally {
    await cluster.close();
  }
}

/** What a command must repeat to reach the same place, with a leading space. */
export function flagsOf(
  options: Readonly<Partial<Record<'namespace' | 'context' | 'kubeconfig', string | undefined>>>,
): string {
  return (
    [
      ['-n', options.namespace],
      ['--context', options.context],
      ['--kubeconfig', options.kubeconfig],
    ] as const
  )
    .filter(([, value]) => value !== undefined)
    .map(([flag, value]) => ` ${flag} ${quote(value ?? '')}`)
    .join('');
}

export const themeOf = (session: Session, options: { readonly color: boolean }): Theme =>
  themeFor(session.context.stdout, session.context.env, options.color);

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Longer does not fit a timer. */
const LONGEST_MS = 2 ** 31 - 1;

/** `90`, `90s`, `5m`, `1h30m` in milliseconds. */
export function parseTime(text: string): number {
  const parts = /^\d+$/.test(text) ? [[text, text, 's']] : [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  const whole = parts.map(([match]) => match).join('') === text;
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? NaN), 0);
  if (!whole || parts.length === 0 || total <= 0 || total > LONGEST_MS) {
    throw new InvalidArgumentError('Expected a time such as 30s, 5m or 1h, at most 24 days.');
  }
  return total;
}
