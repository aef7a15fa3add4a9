import { execFile } from 'node:child_process';
import { hasCode } from '@pawl/shared/errors/system-error';
import type { Context } from '../../../terminal/context.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { problem, type Finding } from './findings.ts';

/** How a program of somebody else's ended. */
export type Ended =
  | { readonly kind: 'ended'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'timeout'; readonly seconds: number };

export interface RunOptions {
  readonly cwd: string;
  /** Goes to its standard input. */
  readonly input?: string | undefined;
  /** Beside the environment of the caller; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Longest run; default a minute. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Runs a program to its end, without a shell.
 *
 * @throws CliError INTERRUPTED when the user stops us.
 */
export async function runProgram(
  { env, signal }: Pick<Context, 'env' | 'signal'>,
  program: string,
  args: readonly string[],
  { cwd, input, env: more = {}, timeoutMs = TIMEOUT_MS }: RunOptions,
): Promise<Ended> {
  const stopped = (cause?: unknown) => new CliError('INTERRUPTED', `${program} was stopped.`, '', cause);
  if (signal.aborted) throw stopped();
  return await new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        cwd,
        env: { ...env, ...more },
        signal,
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        encoding: 'utf8',
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ kind: 'ended', code: 0, stdout, stderr });
        else if (signal.aborted) reject(stopped(error));
        else if (hasCode(error, 'ENOENT', 'EACCES')) resolve({ kind: 'missing' });
        else if (error.killed === true) resolve({ kind: 'timeout', seconds: timeoutMs / 1000 });
        else resolve({ kind: 'ended', code: typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      },
    );
    // A program that ends before it has read everything is judged by how it ends.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/** Where to get the programs that checks run. */
const sources: Readonly<Record<string, string>> = {
  helm: 'Install Helm 3 or 4 (https://helm.sh/docs/intro/install/) and have it on the PATH.',
  kubectl: 'Install kubectl or kustomize (https://kubernetes.io/docs/tasks/tools/) and have it on the PATH.',
};

/** What a program that did not come to its end means for a check. */
export function programProblem(program: string, ended: Exclude<Ended, { kind: 'ended' }>): Finding {
  return ended.kind === 'missing'
    ? problem(
        'PROGRAM_MISSING',
        undefined,
        `${program} is not installed, or not on the PATH.`,
        sources[program] ?? `Install ${program}, or name the right path.`,
      )
    : problem(
        'PROGRAM_FAILED',
        undefined,
        `${program} took longer than ${ended.seconds} s and was ended.`,
        'Check the network, and what it was asked to render; then try again.',
      );
}
