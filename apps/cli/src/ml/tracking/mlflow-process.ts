import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { CliError } from '../../errors/cli-error.ts';
import type { Context } from '../../terminal/context.ts';

const HOST = '127.0.0.1';
/** Milliseconds between two looks at a server that starts. */
const POLL_MS = 250;
/** Milliseconds that a server has to end by itself. */
const GRACE_MS = 5000;
/** Characters of its output that are kept to explain a failure. */
const MAX_OUTPUT = 4000;
const NAMES = process.platform === 'win32' ? ['mlflow.exe', 'mlflow.cmd'] : ['mlflow'];

/** A tracking server of ours. */
export interface MlflowProcess {
  readonly url: string;
  /** Resolves with what it wrote last, once it has ended. */
  readonly ended: Promise<string>;
  /** Ends it and everything that it started; resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * The `mlflow` of the user: the one given, else the first on PATH.
 *
 * @param given path, as typed.
 * @returns absolute path; undefined where PATH has none.
 * @throws CliError FILE_NOT_FOUND for a given one that cannot be run.
 */
export async function findMlflow(
  { cwd, env }: Pick<Context, 'cwd' | 'env'>,
  given: string | undefined,
): Promise<string | undefined> {
  if (given !== undefined) {
    const path = resolve(cwd, given);
    if (await isExecutable(path)) return path;
    throw new CliError('FILE_NOT_FOUND', `${given} cannot be run.`, 'Give the path of the program mlflow.');
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter((each) => each !== ''))
    for (const name of NAMES) if (await isExecutable(join(folder, name))) return join(folder, name);
  return undefined;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Pure: what `mlflow` is called with to keep everything below `store`, a folder. */
export const serverArguments = (store: string, port: number): readonly string[] => [
  ...['server', '--host', HOST, '--port', String(port)],
  ...['--backend-store-uri', `sqlite:///${join(store, 'mlflow.db')}`],
  ...['--artifacts-destination', join(store, 'artifacts')],
];

/**
 * A port for the server: the wanted one, or any where it is taken and nobody insists.
 *
 * @throws CliError USAGE where it is taken and `insists`.
 */
export async function choosePort(wanted: number, insists: boolean): Promise<number> {
  const port = (await tryPort(wanted)) ?? (insists ? undefined : await tryPort(0));
  if (port !== undefined) return port;
  throw new CliError('USAGE', `Port ${wanted} is in use.`, 'Give another one with --port.');
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  const found = await new Promise<number | undefined>((done) => {
    server.once('error', () => {
      done(undefined);
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      done(typeof address === 'object' ? address?.port : undefined);
    });
  });
  await new Promise((done) => server.close(done));
  return found;
}

/**
 * Starts a tracking server on this machine alone and waits until it answers. It gets a process group of its own: Ctrl-C
 * reaches us and not it, so that it is there until the last call to it has ended.
 *
 * @param store absolute path of a folder that exists.
 * @throws CliError TRACKING_UNREACHABLE with what it wrote, when it ends first; the signal's reason.
 */
export async function startMlflow(
  context: Pick<Context, 'env' | 'signal' | 'sleep'>,
  options: { readonly executable: string; readonly store: string; readonly port: number },
): Promise<MlflowProcess> {
  const child = spawn(options.executable, [...serverArguments(options.store, options.port), '--workers', '1'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its job runner is for agents: a tree of processes that training does not need.
    env: { ...context.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_TRACKING_URI: '' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-MAX_OUTPUT)));
  const state = { isGone: false };
  const ended = new Promise<string>((done) => {
    const end = (text: string) => {
      state.isGone = true;
      done(text);
    };
    child.once('error', (error) => {
      end(error.message);
    });
    child.once('exit', () => {
      end(output);
    });
  });
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // Gone already.
    }
  };
  const killAtExit = () => {
    signalGroup('SIGKILL');
  };
  process.once('exit', killAtExit);
  const stop = async (): Promise<void> => {
    signalGroup('SIGTERM');
    const timer = setTimeout(killAtExit, GRACE_MS);
    await ended;
    clearTimeout(timer);
    // Workers may outlive the first process.
    killAtExit();
    process.removeListener('exit', killAtExit);
  };
  const url = `http://${HOST}:${options.port}`;
  try {
    while (!(await isHealthy(url, context.signal))) {
      context.signal.throwIfAborted();
      if (state.isGone)
        throw new CliError(
          'TRACKING_UNREACHABLE',
          `mlflow server ended before it answered:\n${(await ended).trim()}`,
          `Fix what it says; the program is ${options.executable}.`,
        );
      await context.sleep(POLL_MS);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, ended, stop };
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
