import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { repositoryFile } from './settings.ts';

/** Longest for one call, ms. */
const TIMEOUT_MS = 60_000;

/** Runs the built CLI. @returns what it printed. @throws when it ends with another code than 0 */
export async function pawl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [repositoryFile('apps/cli/bin/pawl.js'), ...args], {
    timeout: TIMEOUT_MS,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  });
  return stdout;
}
