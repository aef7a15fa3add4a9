import type { ErrorCode } from '../errors/error-codes.ts';
import { PawlError } from '../errors/pawl-error.ts';

/** What went wrong, in a form that crosses threads and processes. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** For the log only. */
  readonly cause?: string | undefined;
}

/** An error as a {@link Refusal}; one that is no PawlError gets this code and message, and is the cause. */
export function toRefusal(error: unknown, code: ErrorCode, message: string): Refusal {
  const known = error instanceof PawlError ? error : new PawlError(code, { message, cause: error });
  const cause = known.cause instanceof Error ? known.cause.message : undefined;
  return { code: known.code, message: known.message, hint: known.hint, cause };
}
