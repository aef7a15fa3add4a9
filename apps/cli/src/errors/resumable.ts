import { CliError } from './cli-error.ts';

/**
 * Runs work that may be stopped and started again.
 *
 * @param kept clause about what the next run finds, such as `the features so far are kept`.
 * @returns what the work returns.
 * @throws CliError INTERRUPTED with the next step when the signal is aborted; otherwise the error of the work.
 */
export async function resumable<T>(signal: AbortSignal, kept: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CliError('INTERRUPTED', `stopped; ${kept}`, 'Run the same command again.', error);
  }
}
