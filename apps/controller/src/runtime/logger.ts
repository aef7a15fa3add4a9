import { maskUris } from '@pawl/shared/errors/mask-uri';
import { type DestinationStream, pino, stdTimeFunctions } from 'pino';

/** What the runtime logs with: fields first, one sentence second. Usual fields are `key`, `reason` and `err`. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const SECRET_NAME = /authorization|token|password|passwd|secret|cookie|credential|client-?key/i;
const SECRET_VALUE = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const HIDDEN = '[redacted]';
const DEEPEST = 6;

/**
 * A JSON logger: one line an event with `time` (ISO 8601), `level` (a word) and `message`. Fields whose name tells of a
 * secret, and credentials inside any text, are replaced.
 * Addresses have neither user information nor queries.
 * @param destination where lines go, standard output by default.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    // Errors are described below, before pino's own serializer would see them.
    serializers: { err: (described: unknown) => described },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redact(fields, 0) as Record<string, unknown>,
    },
    // Over the whole line: an address may be in the sentence, in a field, or in the stack of an error.
    hooks: { streamWrite: maskUris },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** A copy without secrets. */
function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.replace(SECRET_VALUE, `$1 ${HIDDEN}`);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (depth === DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((entry) => redact(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [
      name,
      SECRET_NAME.test(name) && typeof entry !== 'number' && typeof entry !== 'boolean'
        ? HIDDEN
        : redact(entry, depth + 1),
    ]),
  );
}

/** Only fields that are known to hold no secret: errors of HTTP clients carry the request with its headers. */
function describeError(error: Error, depth: number): unknown {
  const { code, status, reason } = error as { code?: unknown; status?: unknown; reason?: unknown };
  const facts = { type: error.name, message: error.message, code, status, reason, stack: error.stack };
  const cause = depth < DEEPEST && error.cause instanceof Error ? { cause: error.cause } : {};
  return redact({ ...facts, ...cause }, depth + 1);
}
