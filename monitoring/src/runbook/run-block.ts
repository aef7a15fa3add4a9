import { spawn } from 'node:child_process';
import type { CommandBlock, Section } from './read-runbook.ts';

/** Variables that the commands of the runbook may read; whoever runs them sets all. */
export const runbookVariables = [
  'KUBECONFIG',
  /** Namespace of the model. */
  'NAMESPACE',
  /** Namespace of the controller. */
  'CONTROLLER_NAMESPACE',
  'MODEL',
  /** Name of the ModelVersion that serves. */
  'VERSION',
  /** Address of the service, such as http://localhost:8000. */
  'URL',
] as const;

/** Values of {@link runbookVariables}. */
export type RunbookEnvironment = Readonly<Record<(typeof runbookVariables)[number], string>>;

/** How a block ended. */
export interface BlockResult {
  readonly block: CommandBlock;
  /** Exit status of bash; undefined where a signal ended it. */
  readonly code: number | undefined;
  /** It was ended because it took too long. */
  readonly timedOut: boolean;
  /** Stdout and stderr, in the order in which they came. */
  readonly output: string;
}

/** How long a block of the runbook may take. */
const TIMEOUT_MS = 60_000;

/**
 * Runs the commands of a block with bash, which ends at the first one that fails (`-euo pipefail`). What it started and left
 * behind is ended with it.
 * @param environment added to the one of this process, which has PATH with kubectl and pawl.
 */
export function runBlock(
  block: CommandBlock,
  environment: RunbookEnvironment,
  timeoutMs = TIMEOUT_MS,
): Promise<BlockResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', block.commands], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: commands in a pipe outlive a bash that is ended alone.
      detached: true,
    });
    const output: Buffer[] = [];
    let timedOut = false;
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of the group have ended.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    // What bash left behind may hold its output open, so the end of bash counts and not that of the output.
    child.once('exit', end);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ block, code: code ?? undefined, timedOut, output: Buffer.concat(output).toString() });
    });
  });
}

/**
 * Runs all blocks of a runbook that are marked `run`, one after another, whatever became of those before: each stands alone.
 * @param sections of the runbook, as `readRunbook` gives them.
 */
export async function runRunbook(
  sections: readonly Section[],
  environment: RunbookEnvironment,
  timeoutMs = TIMEOUT_MS,
): Promise<readonly BlockResult[]> {
  const results: BlockResult[] = [];
  for (const block of sections.flatMap(({ blocks }) => blocks).filter(({ mark }) => mark === 'run'))
    results.push(await runBlock(block, environment, timeoutMs));
  return results;
}
