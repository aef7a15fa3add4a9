import { readdirSync, readlinkSync } from 'node:fs';
import { decoderPids, procFile } from '@pawl/test-kit/process-tree';

/** Resident memory of a process and of its decoders, MB: of its own, and the largest share of files, which is the same. */
export function residentMb(pid: number): number {
  const statuses = [pid, ...decoderPids(pid)].map((each) => procFile(each, 'status'));
  const kb = (name: string) =>
    statuses.map((text) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0));
  const own = kb('RssAnon').reduce((sum, value) => sum + value, 0);
  return Math.round((own + Math.max(...kb('RssFile'))) / 1000);
}

/** Threads of a process. */
export const threads = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

/** Sockets that a process holds. */
export function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      // Closed since the folder was read.
      return false;
    }
  }).length;
}

/** The value of a metric without labels. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? NaN);
}

/** Status of a GET. */
export async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

/** The value below which `share` (0..1) of the values lie; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Prints figures that a test measured, past Jest's framing of console output. */
export function report(title: string, rows: Readonly<Record<string, string | number>>): void {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  const lines = Object.entries(rows).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  process.stdout.write(`${[title, ...lines].join('\n')}\n`);
}
