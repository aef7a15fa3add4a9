import type { LoggerService } from '@nestjs/common';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

/** What the service logs with: fields first, one sentence second. */
export abstract class Logger {
  abstract debug(fields: object, message: string): void;
  abstract info(fields: object, message: string): void;
  abstract warn(fields: object, message: string): void;
  abstract error(fields: object, message: string): void;
  /** The process ends of it. */
  abstract fatal(fields: object, message: string): void;
}

/**
 * A JSON logger: one line an event with `time` (ISO 8601), `level` (a word) and `message`.
 * Addresses have neither user information nor queries.
 * @param destination where lines go, standard output by default.
 */
export function createLogger(level: string, destination?: DestinationStream): PinoLogger {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // Over the whole line: an address may be in the sentence, in a field, or in the stack of an error.
    hooks: { streamWrite: maskUris },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Sends Nest's own messages (module start, unhandled errors) to the same log. */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, context?: unknown): void {
    this.#logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.#logger.warn({ context }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#logger.error({ err: message instanceof Error ? message : undefined, detail: rest }, String(message));
  }
}
