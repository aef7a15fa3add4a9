import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { errorBody } from './error.filter.ts';

/**
 * Answers bytes that Node's parser refuses as a request, and CONNECT, with the same body as every other error. Node's own answer has
 * no body. The connection ends, because the start of the next request is unknown.
 */
export function answerUnparsed(server: Server): void {
  const answering = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answering.set(request.socket, response);
  });
  server.on('clientError', (cause: NodeJS.ErrnoException, socket: Duplex) => {
    const response = answering.get(socket);
    // In the middle of another answer, the client would take this one for a part of it.
    if (!socket.writable || (response?.headersSent === true && !response.writableFinished)) {
      socket.destroy();
      return;
    }
    endWith(socket, parseError(cause));
  });
  // Node hands over the bare connection, and closes it where nobody listens.
  server.on('connect', (_request, socket) => {
    endWith(
      socket,
      new PawlError('METHOD_NOT_ALLOWED', { message: 'This service is no proxy: it does not take CONNECT.' }),
    );
  });
}

/** Answers on the bare connection, and ends it. */
function endWith(socket: Duplex, error: PawlError): void {
  const body = JSON.stringify(errorBody(error, randomUUID()));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
}

function parseError(cause: NodeJS.ErrnoException): PawlError {
  switch (cause.code ?? '') {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new PawlError('UPLOAD_TIMEOUT', { message: 'The request did not arrive in time.', cause });
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new PawlError('REQUEST_TOO_LARGE', {
        message: 'The request line and the headers are too large.',
        hint: 'Send shorter and fewer headers.',
        cause,
      });
    default:
      return new PawlError('REQUEST_INVALID', { message: 'The request is not valid HTTP.', cause });
  }
}
