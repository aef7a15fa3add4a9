import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadResult } from './load-generator.ts';

const script = fileURLToPath(new URL('load-generator.ts', import.meta.url));

/**
 * Puts load on a service from another process.
 * @param kind `closed`: this many requests at once; `open`: this many a second, whatever comes back.
 */
export async function load(
  url: string,
  file: string,
  kind: 'closed' | 'open',
  amount: number,
  milliseconds: number,
): Promise<LoadResult> {
  const args = ['--no-warnings', script, url, file, kind, String(amount), String(milliseconds)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as LoadResult;
}
