import type { ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { ErrorCode } from '@pawl/shared/errors/error-codes';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Request } from 'express';
import { Logger } from '../logging/logger.ts';
import type { ErrorBody } from '../prediction/prediction.schema.ts';
import { requestContext } from './request-context.ts';

/** Time that a client may go on sending a body after it was refused, ms. */
const LINGER_MS = 10_000;

/** Errors after which the rest of a body is not waited for: it is what the upload was refused for. */
const IMPATIENT: ReadonlySet<ErrorCode> = new Set(['UPLOAD_TIMEOUT', 'UPLOAD_FRAGMENTED']);

/** Any thrown value as the one error class. */
export function toPawlError(error: unknown): PawlError {
  if (error instanceof PawlError) return error;
  if (error instanceof HttpException) {
    const status = error.getStatus();
    if (status === 404) return new PawlError('ROUTE_UNKNOWN', { message: 'There is no such route.' });
    if (status < 500) return new PawlError('REQUEST_INVALID', { message: error.message, cause: error });
  }
  // Express refuses what it cannot parse (a malformed %-escape) with an error that carries its own 4xx status.
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new PawlError('REQUEST_INVALID', { message: 'The request line is malformed.', cause: error });
  return new PawlError('INTERNAL', { message: 'Something went wrong inside the service.', cause: error });
}

/** The body of an error. */
export function errorBody(error: PawlError, requestId: string): ErrorBody {
  return { error: { code: error.code, message: error.message, hint: error.hint, request_id: requestId } };
}

/** Seconds after which trying again makes sense: a full queue is empty in about one, a model loads in a few. */
function retryAfterSeconds(error: PawlError): number | undefined {
  if (error.status === 429) return 1;
  return error.status === 503 ? 5 : undefined;
}

/**
 * Sends an answer while the request's body is still arriving. Closing now would reset the connection under a client that
 * has not read the answer yet, and leaving the body unread would block the next request on it: so the rest is read and
 * dropped for a limited time.
 */
function endAfterBody(request: Request, response: ServerResponse, body: string): void {
  response.write(body);
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once('end', () => response.end());
  response.once('close', () => {
    clearTimeout(timer);
  });
  request.resume();
}

/** Turns everything that is thrown into an error body; the only code that maps an error code to a response. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<ServerResponse>();
    const error = toPawlError(thrown);
    const { id, log } = requestContext(request);
    log.error = error.code;
    log.cause = error.cause;
    if (error.code === 'INTERNAL') this.#logger.error({ request_id: id, err: error.cause }, 'unexpected error');
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const body = JSON.stringify(errorBody(error, id));
    const retryAfter = retryAfterSeconds(error);
    if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
    // By RFC 9110, 15.5.16: what would have been taken.
    if (error.code === 'CONTENT_ENCODING_UNSUPPORTED') response.setHeader('Accept-Encoding', 'identity');
    const endsNow = IMPATIENT.has(error.code);
    if (endsNow) response.setHeader('Connection', 'close');
    response.writeHead(error.status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    });
    if (request.complete || endsNow) response.end(body);
    else endAfterBody(request, response, body);
  }
}
