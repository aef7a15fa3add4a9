import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childrenOf } from '@pawl/test-kit/process-tree';
import type { LoadOrder, LoadReport } from './load-client.ts';

/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** A server under measurement. */
export interface Server {
  readonly url: string;
  /** Milliseconds from spawn to the first log line that matches `ready`. */
  readonly readyMs: number;
  /** Resident memory of it and its children, what they share counted once, MB; Linux only. */
  rssMb(): number;
  /** CPU time so far of it and its children, ms; Linux only. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Starts a Node program that logs JSON lines, and waits for one whose message matches. */
export async function startServer(args: string[], env: Record<string, string>, ready: RegExp): Promise<Server> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let url = '';
  const readyMs = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (text) => {
      const line = JSON.parse(text) as { message: string; url?: string };
      if (line.url !== undefined) url = line.url;
      if (ready.test(line.message)) resolve(performance.now() - begin);
    });
    child.once('exit', (code) => {
      reject(new Error(`${args.join(' ')} ended with ${String(code)}`));
    });
  });
  return { url, readyMs, rssMb: () => rssMb(child), cpuMs: () => cpuMsOf(child.pid ?? NaN), stop: () => stop(child) };
}

const proc = (pid: number, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');

/** A process and all that descend from it. */
export const treeOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(treeOf)];

/** Memory of its own of each, and the largest share of files: they are the same ones. */
function rssMb(child: ChildProcess): number {
  const statuses = treeOf(child.pid ?? NaN).map((pid) => proc(pid, 'status'));
  const kilobytes = (field: string) =>
    statuses.map((text) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]));
  return (kilobytes('RssAnon').reduce((sum, value) => sum + value, 0) + Math.max(...kilobytes('RssFile'))) / 1024;
}

/** CPU time so far of a process and all that descend from it, ms. */
export function cpuMsOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => {
    // Fields 14 and 15 of proc(5) stat; the second field, in parentheses, may hold spaces.
    const fields = proc(each, 'stat').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }, 0);
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Runs the load client to its end. */
export async function load(order: LoadOrder): Promise<LoadReport> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', fileURLToPath(new URL('load-client.ts', import.meta.url)), JSON.stringify(order)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`the load client ended with ${code}`);
  return JSON.parse(text) as LoadReport;
}
