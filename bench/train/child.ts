import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** How a program ran. */
export interface ChildRun {
  readonly seconds: number;
  /** Largest resident memory, MB; Linux only. */
  readonly peakMb: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How often the high-water mark is read; the kernel keeps it, so nothing is missed but a last leap. */
const LOOK_MS = 50;

/** Runs a Node program to its end. @throws Error when it does not end with 0. */
export async function runChild(args: readonly string[], cwd: string): Promise<ChildRun> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let peakMb = NaN;
  const timer = setInterval(() => {
    peakMb = highWaterMb(child.pid) ?? peakMb;
  }, LOOK_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}: ${stderr}`);
  return { seconds: (performance.now() - begin) / 1000, peakMb, stdout, stderr };
}

function highWaterMb(pid: number | undefined): number | undefined {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
