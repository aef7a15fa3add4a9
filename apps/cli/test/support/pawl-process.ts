import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const main = join(import.meta.dirname, '../../src/main.ts');

/** How a process of namespaces is made; empty where this machine does not allow it. */
const asFirst = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child'];

/** Whether a program can be made process 1 here, as it is in a container: Linux, and the right to make namespaces. */
export const canBeProcessOne = spawnSync(asFirst[0] ?? '', [...asFirst.slice(1), 'true']).status === 0;

/** A `pawl` with a process of its own. */
export interface PawlProcess {
  readonly child: ChildProcess;
  /** When it has ended: its exit code (undefined: killed by a signal) and what it wrote. */
  readonly ended: Promise<{ readonly code: number | undefined; readonly out: string; readonly err: string }>;
}

/** Starts `pawl` in a folder, from its sources; `processOne` makes it process 1, and `child` the one around it. */
export function startPawl(
  cwd: string,
  argv: readonly string[],
  { env = {}, processOne = false }: { readonly env?: NodeJS.ProcessEnv; readonly processOne?: boolean } = {},
): PawlProcess {
  const line = [...(processOne ? asFirst : []), process.execPath, '--conditions=pawl-source', '--no-warnings', main];
  const child = spawn(line[0] ?? '', [...line.slice(1), ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code ?? undefined);
    });
  });
  const ended = Promise.all([gone, text(child.stdout), text(child.stderr)]).then(([code, out, err]) => ({
    code,
    out,
    err,
  }));
  return { child, ended };
}
