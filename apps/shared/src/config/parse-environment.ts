import type { z } from 'zod';
import { maskUri, maskUris } from '../errors/mask-uri.ts';
import { PawlError } from '../errors/pawl-error.ts';

/** Variables whose values are secrets, by their names. */
const SECRET = /_KEYS?$/;
/** Variables whose values are addresses, which may have a secret in them even where they are wrong. */
const ADDRESS = /(^|_)(URI|URL|ENDPOINT|PROXY)$/;

/** A value as an error repeats it. */
const shown = (variable: string, value: string): string => (ADDRESS.test(variable) ? maskUri(value) : maskUris(value));

/**
 * Parses a program's environment variables, once, at start. Empty variables count as unset.
 * @param schema one field a variable; its description is what the error says it is for.
 * @throws PawlError CONFIG_INVALID that names every wrong variable, its value (secrets masked, also in addresses) and what was expected.
 */
export function parseEnvironment<T extends z.ZodObject>(
  schema: T,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const variable = String(issue.path[0]);
    const value = SECRET.test(variable) ? '(secret)' : JSON.stringify(shown(variable, given[variable] ?? ''));
    const description = (schema.shape as Readonly<Record<string, z.ZodType | undefined>>)[variable]?.description;
    return `${variable}=${value}: ${issue.message} (${description ?? ''})`;
  });
  throw new PawlError('CONFIG_INVALID', { message: `The environment is not valid.\n  ${lines.join('\n  ')}` });
}
