import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AS_PROCESS_ONE } from '@pawl/test-kit/process-one';

const main = join(import.meta.dirname, '../../src/main.ts');

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
  const line = [
    ...(processOne ? AS_PROCESS_ONE : []),
    process.execPath,
    '--conditions=pawl-source',
    '--no-warnings',
    main,
  ];
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
