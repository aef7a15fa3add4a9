import { spawn, type ChildProcess } from 'node:child_process';
import { eventually, GivenUp } from './eventually.ts';

/** A program that a test started, with everything that it started itself. */
export interface Server {
  readonly url: string;
  /** What it wrote so far. */
  log(): string;
  /** Ends it at once, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
}

/** What is started, and how one sees that it serves. */
export interface ServerOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly port: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path that answers 200 when it is ready; absent: the port is open. */
  readonly health?: string;
  /** Instead of HTTP: whether it is ready. */
  readonly isReady?: () => boolean;
  /** Who it runs as, and where. */
  readonly identity?: { readonly uid?: number; readonly gid?: number; readonly cwd?: string };
}

/** How long a server may take to start: Python's imports on a busy machine. */
const START_MS = 240_000;

/**
 * Starts a server in a process group of its own and waits until it answers. `kill` ends the whole group, so that workers
 * do not outlive it; a test's process that dies takes the group with it.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  let output = '';
  const child = spawn(options.command, options.arguments, {
    ...options.identity,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.once('error', (error) => {
      output += String(error);
      resolve();
    });
  });
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const killNow = () => {
    killGroup(child);
  };
  process.once('exit', killNow);
  const url = `http://127.0.0.1:${options.port}`;
  const isReady = () => options.isReady?.() ?? answers(`${url}${options.health ?? '/'}`, options.health !== undefined);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await eventually(
    `${options.command} to serve`,
    async () => {
      if (await isReady()) return true;
      if (hasEnded()) throw new GivenUp(`${options.command} did not start:\n${output}`);
      throw new Error(output);
    },
    { timeoutMs: START_MS, everyMs: 200 },
  ).catch((error: unknown) => {
    killNow();
    throw error;
  });
  return {
    url,
    log: () => output,
    kill: async () => {
      process.removeListener('exit', killNow);
      killNow();
      await gone;
      child.stdout.destroy();
      child.stderr.destroy();
      // Workers may hold the port for a moment longer than their parent lives.
      await eventually('the port to be free', async () => !(await answers(url, false)), { everyMs: 50 });
    },
  };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

async function answers(url: string, ok: boolean): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    return !ok || response.ok;
  } catch {
    return false;
  }
}
