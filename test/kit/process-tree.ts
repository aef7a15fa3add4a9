import { readdirSync, readFileSync } from 'node:fs';

/** A file of a process below /proc; empty when the process, or its thread, is gone. Linux only. */
export function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** Processes that a process has started, by any of its threads: each thread tells its own. Linux only. */
export const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    procFile(pid, `task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );

/** Those of {@link childrenOf} that decode pictures. */
export const decoderPids = (pid: number): number[] =>
  childrenOf(pid).filter((child) => procFile(child, 'cmdline').includes('decoder-main'));
