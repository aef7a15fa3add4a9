import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '@pawl/shared/errors/system-error';
import { parse } from 'yaml';
import { z } from 'zod';
import { CliError } from '../../errors/cli-error.ts';

/** File of an environment that says where it is and what it asks of a promotion. */
export const SETTINGS_FILE = 'environment.yaml';

/** A misspelt demand would be one that is never made: nothing unknown is skipped here. */
export const promotionSchema = z.strictObject({
  /** The only environment that versions are promoted from. */
  from: z.string().min(1).optional(),
  /** Minutes that a version must have served there; default 0. */
  servingMinutes: z.number().min(0).max(525_600).default(0),
});

const settingsSchema = z.looseObject({
  namespace: z.string().min(1).optional(),
  promotion: promotionSchema.optional(),
});

/** What `environment.yaml` says, as far as a promotion asks. */
export interface EnvironmentSettings {
  /** Namespace of its ModelVersions. */
  readonly namespace: string | undefined;
  /** What must hold before a version is promoted into it. */
  readonly promotion: {
    /** Name of the environment that versions come from; undefined: any. */
    readonly from: string | undefined;
    /** Minutes that a version must have served there. */
    readonly servingMinutes: number;
  };
}

/** @param folder of the environment. @throws CliError PROMOTION_REFUSED for a file that is not as expected. */
export async function readSettings(folder: string): Promise<EnvironmentSettings> {
  const path = join(folder, SETTINGS_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  return parseSettings(path, text);
}

/** Pure: {@link readSettings} of a text. @param path for messages. */
export function parseSettings(path: string, text: string): EnvironmentSettings {
  const refuse = (problem: string, cause?: unknown) =>
    new CliError(
      'PROMOTION_REFUSED',
      `${path} ${problem}.`,
      'Write namespace: NAME, and promotion: {from: ENVIRONMENT, servingMinutes: NUMBER}.',
      cause,
    );
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    throw refuse('is not YAML', cause);
  }
  const parsed = settingsSchema.safeParse(data ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(`is not valid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { namespace, promotion } = parsed.data;
  return { namespace, promotion: { from: promotion?.from, servingMinutes: promotion?.servingMinutes ?? 0 } };
}
