import { readFile } from 'node:fs/promises';
import { hasCode } from '@pawl/shared/errors/system-error';
import { parse } from 'yaml';
import { CliError } from '../../errors/cli-error.ts';
import { paramsSchema, type Params } from './params.ts';

/** What `pawl` looks for when `--params` does not name a file. */
export const PARAMS_FILE = 'params.yaml';

/**
 * Reads and validates parameters. A file that was not asked for by name may be absent: then every default applies.
 *
 * @param path absolute.
 * @throws CliError PARAMS_INVALID naming each wrong field, FILE_NOT_FOUND.
 */
export async function readParams(path: string, required: boolean): Promise<Params> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (!required && hasCode(cause, 'ENOENT')) return paramsSchema.parse({});
    throw new CliError(
      'FILE_NOT_FOUND',
      `${path} cannot be read.`,
      'Give the path of a params.yaml with --params.',
      cause,
    );
  }
  return parseParams(text, path);
}

/** Pure part of {@link readParams}. @throws CliError PARAMS_INVALID. */
function parseParams(text: string, path: string): Params {
  let data: unknown;
  try {
    data = parse(text) ?? {};
  } catch (cause) {
    throw new CliError('PARAMS_INVALID', `${path} is not YAML: ${(cause as Error).message}`, 'Fix the file.', cause);
  }
  const parsed = paramsSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`);
  throw new CliError('PARAMS_INVALID', `${path}: ${problems.join('; ')}.`, 'docs/training.md explains each parameter.');
}
