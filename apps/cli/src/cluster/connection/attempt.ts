import { CliError } from '../../errors/cli-error.ts';

/** Something that was looked for: what is there, or why it could not be read (no right to, for one). */
export type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** A reading that may fail without ending the command. @throws what is no failure of the cluster, and the user's Ctrl-C. */
export async function attempt<T>(reading: Promise<T>): Promise<Found<T>> {
  try {
    return { ok: true, value: await reading };
  } catch (error) {
    if (error instanceof CliError && error.code !== 'INTERRUPTED') return { ok: false, why: error.message };
    throw error;
  }
}
