/**
 * The `code` of an error of node (`ENOENT`, `ECONNRESET`, `Z_DATA_ERROR` ...), undefined where there is none. By shape
 * and not by class: an error may come from another realm, and SDKs throw their own classes.
 */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether an error has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = codeOf(error);
  return code !== undefined && codes.includes(code);
}

/** Whether an error says that there is nothing at a path: no such file, or a file where a folder should be. */
export const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR');
