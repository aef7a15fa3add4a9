import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The words before a command that make it process 1 of a namespace, as in a container. */
export const AS_PROCESS_ONE: readonly string[] = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child'];

/** Whether a program can be made process 1 here: Linux, and the right to make namespaces. */
export const canBeProcessOne = spawnSync(AS_PROCESS_ONE[0] ?? '', [...AS_PROCESS_ONE.slice(1), 'true']).status === 0;

/** Process ids of the children of a process, outside of namespaces; empty when it is gone. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}
