/** Longest message that is kept: the server quotes what it refuses, and status fields and logs are no place for that. */
const LONGEST_MESSAGE = 1024;
/** Longest part of an answer that is no Status object. */
const LONGEST_LINE = 200;

/** What else a refusal may say. */
export interface RefusalDetails {
  /** Seconds after which the server wants to be asked again, at least 0. */
  readonly retryAfterSeconds?: number | undefined;
  /** Name of the object that it is about; a refusal of a whole kind, or of a proxy, names none. */
  readonly objectName?: string | undefined;
}

/** The API server answered, with a refusal. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status, or the `code` of an ERROR event in a watch. */
  readonly status: number;
  /** The machine-readable reason of the Status object, such as `Conflict` or `Expired`; empty when there was none. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly objectName: string | undefined;

  constructor(status: number, reason: string, message: string, details: RefusalDetails = {}) {
    super(message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.objectName = details.objectName;
  }

  /**
   * Reads a `Status` object, from the body of an answer or from an ERROR event.
   * @param body anything else is told by its first line, when it is text.
   * @param status for when the object does not say; proxies answer without a Status object.
   */
  static fromStatus(body: unknown, status: number, retryAfter?: string): ApiError {
    const { code, reason, message, details } = (typeof body === 'object' && body !== null ? body : {}) as {
      readonly code?: unknown;
      readonly reason?: unknown;
      readonly message?: unknown;
      readonly details?: { readonly retryAfterSeconds?: unknown; readonly name?: unknown } | null;
    };
    const told = Number(retryAfter ?? details?.retryAfterSeconds ?? Number.NaN);
    return new ApiError(
      typeof code === 'number' ? code : status,
      typeof reason === 'string' ? reason : '',
      typeof message === 'string' ? message : (firstLine(body) ?? `The API server answered ${status}.`),
      {
        retryAfterSeconds: Number.isFinite(told) && told >= 0 ? told : undefined,
        objectName: typeof details?.name === 'string' ? details.name : undefined,
      },
    );
  }
}

function firstLine(body: unknown): string | undefined {
  const line = typeof body === 'string' ? body.trim().split('\n')[0]?.slice(0, LONGEST_LINE) : undefined;
  return line === '' ? undefined : line;
}

/** Why no answer came: what it failed at, or that what came is no answer of an API server. */
export type UnreachableCause = 'kubeconfig' | 'credentials' | 'connection' | 'timeout' | 'answer';

/** No answer came: refused, cut, or too slow. Whether a write was carried out is unknown. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
  readonly failedAt: UnreachableCause;
  readonly #underlying: unknown;

  constructor(message: string, failedAt: UnreachableCause = 'connection', underlying?: unknown) {
    super(message);
    this.failedAt = failedAt;
    this.#underlying = underlying;
  }

  /**
   * The failure itself, for a person at a terminal. It is neither `cause` nor a field, so that no logger finds it:
   * messages of credential plugins and parsers may quote what they read.
   */
  get underlying(): unknown {
    return this.#underlying;
  }
}

const has = (error: unknown, status: number): error is ApiError => error instanceof ApiError && error.status === status;

/** The object, or its whole kind, does not exist. */
export const isNotFound = (error: unknown): boolean => has(error, 404);
/** The server does not know the kind: a CustomResourceDefinition is missing. */
export const isKindMissing = (error: unknown): boolean => has(error, 404) && error.objectName === undefined;
/** Stale write, failed precondition or a field that another manager owns. */
export const isConflict = (error: unknown): boolean => has(error, 409) && error.reason !== 'AlreadyExists';
/** An object of that name exists. */
export const isAlreadyExists = (error: unknown): boolean => has(error, 409) && error.reason === 'AlreadyExists';
/** A watch or a page is too old: list again. */
export const isGone = (error: unknown): boolean => has(error, 410);
/** RBAC or an admission rule says no. */
export const isForbidden = (error: unknown): boolean => has(error, 403);
/** The object breaks its schema or a validation rule. */
export const isInvalid = (error: unknown): boolean => has(error, 422) || has(error, 400);
