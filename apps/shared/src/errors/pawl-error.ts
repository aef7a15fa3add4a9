import { harmlessText } from './harmless-text.ts';
import { maskUris } from './mask-uri.ts';
import { errorCodes, type ErrorCode } from './error-codes.ts';

/** Longest message of an error, UTF-16 units: what it repeats of a manifest or a registry's answer may be a megabyte. */
export const MAX_MESSAGE_LENGTH = 4_096;

/** What a {@link PawlError} is made of beside its code. */
export interface PawlErrorDetails {
  /**
   * What is wrong and what was expected, one sentence, safe to show to a client: no secrets, no local paths. It may repeat
   * what a stranger wrote: the error makes it {@link harmlessText}.
   */
  readonly message: string;
  /** What to do next; replaces the code's general hint. */
  readonly hint?: string;
  /** The lower-level error, for logs only. */
  readonly cause?: unknown;
}

/**
 * The one error class of Pawl. Its `code` is stable and documented; the table in `error-codes.ts` says which HTTP status
 * it becomes and whether trying again later can help. Addresses in it show neither user information nor queries, wherever
 * they come from: what a lower level said often repeats them.
 */
export class PawlError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, details: PawlErrorDetails) {
    super(
      harmlessText(maskUris(details.message), MAX_MESSAGE_LENGTH),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'PawlError';
    this.code = code;
    this.hint = maskUris(details.hint ?? errorCodes[code].hint);
  }

  /** HTTP status of the code. */
  get status(): number {
    return errorCodes[this.code].status;
  }

  /** True when the same call may succeed later without any change by the caller. */
  get transient(): boolean {
    return errorCodes[this.code].transient;
  }
}
