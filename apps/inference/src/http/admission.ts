import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Request } from 'express';
import type { Config } from '../config/config.schema.ts';
import { clientKey } from './clients/client-key.ts';
import { type ClientLimitOptions, ClientLimits } from './clients/client-limits.ts';
import { countConnections } from './clients/connections.ts';
import { OPERATIONAL } from './request.middleware.ts';

type Next = (error?: unknown) => void;

/**
 * Installs what a request must pass before any route sees it: it is HTTP that this service speaks, and its client is within
 * its limits. A refusal is an error like every other, with an id, metrics and a log line.
 */
export function admitRequests(app: NestExpressApplication, config: Config): void {
  const server = app.getHttpServer() as Server & { requireHostHeader: boolean };
  // Node would answer these two by itself, without a body.
  server.requireHostHeader = false;
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  app.use((request: Request, _response: ServerResponse, next: Next) => {
    next(protocolError(request));
  });
  limitClients(app, server, config);
}

/** What is wrong with a request as HTTP/1.1, RFC 9110 10.1.1 and 7.2. */
function protocolError({ headers, httpVersion }: Request): PawlError | undefined {
  if (headers.host === undefined && httpVersion === '1.1')
    return new PawlError('REQUEST_INVALID', {
      message: 'The request has no Host header.',
      hint: 'Send a Host header, as HTTP/1.1 requires.',
    });
  const { expect } = headers;
  if (expect === undefined || /^100-continue$/i.test(expect.trim())) return undefined;
  return new PawlError('EXPECTATION_FAILED', {
    message: `The expectation ${JSON.stringify(expect.slice(0, 100))} cannot be met.`,
  });
}

function limitClients(app: NestExpressApplication, server: Server, config: Config): void {
  const options: ClientLimitOptions = {
    maxConnections: config.CLIENT_MAX_CONNECTIONS,
    maxRequests: config.CLIENT_MAX_REQUESTS,
    maxBytesPerSecond: config.CLIENT_MAX_BYTES_PER_SECOND,
  };
  // Without a limit nobody needs to know who a client is, which costs time with every request.
  if (Object.values(options).every((limit) => limit === 0)) return;
  const limits = new ClientLimits(options);
  // Express then takes the client of `request.ip` from X-Forwarded-For, as far as these proxies wrote it.
  app.set('trust proxy', config.TRUSTED_PROXIES);
  const isProxy = app.getHttpAdapter().getInstance().get('trust proxy fn') as (address: string, hop: number) => boolean;
  const isSurplus = countConnections(server, limits, (address) => isProxy(address, 0));
  /** Bytes of a connection that are charged already. */
  const charged = new WeakMap<Socket, number>();

  app.use((request: Request, response: ServerResponse, next: Next) => {
    const { socket } = request;
    if (isSurplus(socket)) {
      response.setHeader('Connection', 'close');
      next(limits.tooManyConnections());
      return;
    }
    const key = clientKey(request.ip) ?? clientKey(socket.remoteAddress);
    if (key === undefined || OPERATIONAL.has(request.path)) {
      next();
      return;
    }
    try {
      limits.started(key);
    } catch (error) {
      next(error);
      return;
    }
    response.once('close', () => {
      limits.finished(key, socket.bytesRead - (charged.get(socket) ?? 0));
      charged.set(socket, socket.bytesRead);
    });
    next();
  });
}
