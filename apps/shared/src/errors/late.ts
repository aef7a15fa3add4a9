import type { ErrorCode } from './error-codes.ts';
import { PawlError } from './pawl-error.ts';

/** Codes of errors that may come of a machine that was too busy: they say nothing for good about picture or model. */
export const lateCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'IMAGE_TIMEOUT',
  'DEADLINE_EXCEEDED',
  'SERVICE_STALLED',
]);

/** Whether an error has one of {@link lateCodes}. */
export const isLate = (error: unknown): boolean => error instanceof PawlError && lateCodes.has(error.code);
