import { codeOf } from '@pawl/shared/errors/system-error';
import { CliError } from './cli-error.ts';

/** What the hint of a failed write adds. */
export interface WriteAdvice {
  /** How another place is named, such as `give another folder with --cache`. */
  readonly elsewhere?: string;
  /** Whether the same command goes on where this one stopped. */
  readonly resumes?: boolean;
}

/**
 * The error of a failed write: DISK_FULL for a full disk or a used-up quota, FILE_WRITE_FAILED for whatever else the system
 * says. CliErrors, aborts and what is no system error stay what they are.
 *
 * @param path what was to be written, for the message.
 */
export function writeError(path: string, cause: unknown, advice: WriteAdvice = {}): unknown {
  const code = codeOf(cause);
  if (cause instanceof CliError || code === undefined || code === 'ABORT_ERR') return cause;
  const { elsewhere = 'name another folder', resumes = false } = advice;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new CliError(
      'DISK_FULL',
      `${path} cannot be written: ${code === 'ENOSPC' ? 'the disk is full' : 'the disk quota is used up'}.`,
      `Free some space, or ${elsewhere}, and run the same command again${resumes ? ': what is done is kept' : ''}.`,
      cause,
    );
  return new CliError(
    'FILE_WRITE_FAILED',
    `${path} cannot be written (${code}).`,
    `Check that the folder exists and that you may write there, or ${elsewhere}.`,
    cause,
  );
}
