import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Context } from './context.ts';
import { writeError } from '../errors/write-error.ts';

/** Writes a text to a file, whose folder is made, or for `-` to standard output. @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
export async function writeOutput(context: Pick<Context, 'cwd' | 'stdout'>, path: string, text: string): Promise<void> {
  if (path === '-') {
    context.stdout.write(text);
    return;
  }
  const file = resolve(context.cwd, path);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (cause) {
    throw writeError(path, cause, { elsewhere: 'name another file' });
  }
}
