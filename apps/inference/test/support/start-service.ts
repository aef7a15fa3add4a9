import { inRepository } from '@pawl/test-kit/repository';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const root = inRepository('');

/** A log line of the service. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message: string };

/** A running service, a process of its own. */
export interface RunningService {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly pid: number;
  /** Every log line so far. */
  readonly log: readonly LogLine[];
  /** Resolves with the first log line, past or future, whose message matches. */
  logged(pattern: RegExp): Promise<LogLine>;
  /** Resolves with the exit code, or the signal's name where one ended the process. */
  readonly ended: Promise<number | string>;
  /** Sends a signal and resolves with the exit code, or the signal's name where it ended the process. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  /** Ends it without ceremony. */
  stop(): Promise<void>;
}

/**
 * Environment that serves the bundled model on a free port and stops without delay. Its workers give way to nobody, or
 * they would hardly get to run on a busy machine.
 */
const defaults = {
  PORT: '0',
  HOST: '127.0.0.1',
  MODEL_URI: 'file:models/catdog',
  DRAIN_DELAY_MS: '0',
  WORKER_NICENESS: '0',
};

/**
 * Starts the built service (`npm run build`) and waits until it listens and, unless MODEL_URI is '', until its model is
 * loaded or refused.
 * @param prefix a command that starts it, such as one that puts it into a cgroup; it must become the service (`exec`).
 */
export async function startService(
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): Promise<RunningService> {
  const service = launchService(env, prefix);
  const listening = await service.logged(/^listening$/);
  if (env['MODEL_URI'] !== '') await service.logged(/^model (loaded|load failed)/);
  return { ...service, url: listening['url'] as string };
}

/** Starts the built service and waits for nothing; its `url` is empty. */
export function launchService(
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): RunningService {
  const [command, ...args] = [...prefix, process.execPath, 'apps/inference/dist/bundle/main.js'];
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], ...defaults, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    log.push(line);
    waiting.forEach((tell) => {
      tell(line);
    });
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const ended = exited.then(([code, signal]) => code ?? signal ?? 'unknown');

  const logged = (pattern: RegExp): Promise<LogLine> =>
    new Promise((resolve, reject) => {
      const known = log.find(({ message }) => pattern.test(message));
      if (known !== undefined) {
        resolve(known);
        return;
      }
      const tell = (line: LogLine): void => {
        if (!pattern.test(line.message)) return;
        waiting.delete(tell);
        resolve(line);
      };
      waiting.add(tell);
      void exited.then(([code]) => {
        reject(new Error(`the service ended with ${code} before it logged ${pattern.source}:\n${errors}`));
      });
    });

  return {
    url: '',
    pid: child.pid as number,
    log,
    logged,
    ended,
    end(signal) {
      child.kill(signal);
      return ended;
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
