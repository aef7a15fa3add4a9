import { PawlError } from '@pawl/shared/errors/pawl-error';

/** One file of a request body. */
export interface UploadedFile {
  /** The name the client gave, without folders and control characters, at most 128 characters; empty when none. */
  readonly name: string;
  /** The content as it arrived. */
  readonly chunks: readonly Uint8Array[];
  /** Why this file cannot be used although the others may. */
  readonly error?: PawlError;
}

/** Limits of a reader. */
export interface UploadLimits {
  /** Bytes of one file. */
  readonly maxFileBytes: number;
  /** Files of one request. */
  readonly maxFiles: number;
}

/** Largest block that small chunks of a file are copied to, bytes. */
export const MAX_BLOCK_BYTES = 64 * 1024;

/** The error of a file over the limit. */
export const fileTooLarge = (maxFileBytes: number): PawlError =>
  new PawlError('FILE_TOO_LARGE', { message: `The file has more than the ${maxFileBytes} bytes that are allowed.` });

/** Longest file name that reaches a log line, characters. */
const MAX_NAME = 128;

/** A client's file name made safe for a log line: no folders, no control characters, at most a limited length. */
export function safeFileName(name: string | undefined): string {
  const base = (name ?? '').split(/[/\\]/).at(-1) ?? '';
  return harmless(base).slice(0, MAX_NAME);
}

/** A text of a client without control, format (such as bidi overrides), surrogate and unassigned characters. */
export const harmless = (text: string): string => text.replace(/[\p{C}]/gu, '�');
