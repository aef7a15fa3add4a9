import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Config } from '../config/config.schema.ts';
import { DrainState } from '../health/drain-state.ts';
import { admitRequests } from './admission.ts';
import { answerUnparsed } from './client-error.ts';
import { RequestMiddleware } from './request.middleware.ts';

/** Time for the headers of a request to arrive, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the idle time of usual load balancers (60 s), so that they close first and never meet a closed socket. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Configures the listener: the middleware that every request passes, timeouts against slow clients, and no needless
 * headers.
 */
export function configureServer(app: NestExpressApplication, config: Config): void {
  const middleware = app.get(RequestMiddleware);
  // Mounted without a path, so that it also sees requests whose path cannot be decoded.
  app.use(middleware.use.bind(middleware));
  allowOrigins(app, config.CORS_ORIGINS);
  admitRequests(app, config);
  app.disable('x-powered-by');
  // Answers are small, different every time, and not worth a hash.
  app.disable('etag');
  const server = app.getHttpServer() as Server & { connectionsCheckingInterval: number };
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // The service answers UPLOAD_TIMEOUT itself; this is the last limit, for a body that nobody reads.
  server.requestTimeout = config.UPLOAD_TIMEOUT_MS + HEADERS_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.connectionsCheckingInterval = 1_000;
  answerUnparsed(server);
  closeUntouched(server, app.get(DrainState).closing);
}

/**
 * Lets scripts of these origins read answers, never with credentials: the service knows none. Before anything is refused,
 * so that they can read refusals too.
 * @param origins `*` for all; none: no header is sent, and a browser keeps answers from scripts of other origins.
 */
function allowOrigins(app: NestExpressApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'ETag'],
    credentials: false,
    maxAge: 600,
  });
}

/**
 * Ends the connections that never sent a byte when the listener closes. Node does not count them as idle, so a
 * browser's spare connection would delay the end of a drain until its headers time out.
 */
function closeUntouched(server: Server, closing: AbortSignal): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  closing.addEventListener('abort', () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  });
}
