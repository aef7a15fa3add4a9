/** Longest message that is kept: the server quotes what it refuses, and status fields and logs are no place for that. */
const LONGEST_MESSAGE = 1024;

/** The API server answered, with a refusal. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status, or the `code` of an ERROR event in a watch. */
  readonly status: number;
  /** The machine-readable reason of the Status object, such as `Conflict` or `Expired`; empty when there was none. */
  readonly reason: string;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /**
   * Reads a `Status` object, from the body of an answer or from an ERROR event.
   * @param status for when the object does not say; proxies answer without a Status object.
   */
  static fromStatus(body: unknown, status: number, retryAfter?: string): ApiError {
    const { code, reason, message, details } = (typeof body === 'object' && body !== null ? body : {}) as {
      readonly code?: unknown;
      readonly reason?: unknown;
      readonly message?: unknown;
      readonly details?: { readonly retryAfterSeconds?: unknown } | null;
    };
    const told = Number(retryAfter ?? details?.retryAfterSeconds ?? Number.NaN);
    return new ApiError(
      typeof code === 'number' ? code : status,
      typeof reason === 'string' ? reason : '',
      typeof message === 'string' ? message : `The API server answered ${status}.`,
      Number.isFinite(told) && told >= 0 ? told : undefined,
    );
  }
}

/** No answer came: refused, cut, or too slow. Whether a write was carried out is unknown. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
}

const has = (error: unknown, status: number): error is ApiError => error instanceof ApiError && error.status === status;

/** The object does not exist. */
export const isNotFound = (error: unknown): boolean => has(error, 404);
/** Stale write, failed precondition or a field that another manager owns. */
export const isConflict = (error: unknown): boolean => has(error, 409) && error.reason !== 'AlreadyExists';
/** An object of that name exists. */
export const isAlreadyExists = (error: unknown): boolean => has(error, 409) && error.reason === 'AlreadyExists';
/** A watch or a page is too old: list anew. */
export const isGone = (error: unknown): boolean => has(error, 410);
/** RBAC or an admission rule says no. */
export const isForbidden = (error: unknown): boolean => has(error, 403);
/** The object breaks its schema or a validation rule. */
export const isInvalid = (error: unknown): boolean => has(error, 422) || has(error, 400);
