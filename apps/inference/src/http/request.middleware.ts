import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import type { Request } from 'express';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { DrainState } from '../health/drain-state.ts';
import { Logger } from '../logging/logger.ts';
import { type CounterMetric, type HistogramMetric, MetricFactory } from '../metrics/metric-factory.ts';
import { RequestTracer } from '../tracing/request-tracer.ts';
import { type RequestContext, setRequestContext } from './request-context.ts';

/** Request ids of a proxy in front are kept when they are harmless in a header and a log line. */
const SAFE_ID = /^[\w.-]{1,64}$/;
/** Non-standard, from nginx: the client closed the connection before the answer; for metrics and logs only. */
const CLIENT_CLOSED = 499;
/**
 * Routes that kubelets and scrapers ask of every pod, in service or not: no sign that users' requests still come here.
 */
export const OPERATIONAL = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** Gives every request its id and abort signal, and every answer its metrics and its one log line. */
@Injectable()
export class RequestMiddleware implements NestMiddleware<Request, ServerResponse> {
  readonly #requests: CounterMetric;
  readonly #latency: HistogramMetric;
  readonly #logger: Logger;
  readonly #drain: DrainState;
  readonly #tracer: RequestTracer;
  /** Answers under way: when draining starts, they ask their clients to open a new connection, to another pod. */
  readonly #active = new Set<ServerResponse>();
  readonly #connectionMaxMs: number;
  /** Monotonic milliseconds at which the first request of a connection arrived. */
  readonly #connectedAt = new WeakMap<Socket, number>();

  constructor(
    @Inject(CONFIG) config: Config,
    metrics: MetricFactory,
    logger: Logger,
    drain: DrainState,
    tracer: RequestTracer,
  ) {
    this.#connectionMaxMs = config.CONNECTION_MAX_MS;
    this.#requests = metrics.counter(inferenceMetrics.requestTotal);
    this.#latency = metrics.histogram(inferenceMetrics.requestLatency);
    this.#logger = logger;
    this.#drain = drain;
    this.#tracer = tracer;
    drain.signal.addEventListener('abort', () => {
      this.#active.forEach(closeAfterAnswer);
    });
  }

  use(request: Request, response: ServerResponse, next: () => void): void {
    const proxied = request.headers['x-request-id'];
    const id = typeof proxied === 'string' && SAFE_ID.test(proxied) ? proxied : randomUUID();
    const gone = new AbortController();
    const arrivedAt = performance.now();
    const isOperational = OPERATIONAL.has(request.path);
    const trace = isOperational ? undefined : this.#tracer.begin(request.headers, arrivedAt);
    const context: RequestContext = { id, gone: gone.signal, log: {}, trace };
    setRequestContext(request, context);
    const received = bodyReceived(request, arrivedAt);
    response.setHeader('X-Request-Id', id);
    this.#active.add(response);
    if (!isOperational) this.#drain.requestArrived();
    if (this.#drain.draining || this.#isOld(request.socket, arrivedAt)) closeAfterAnswer(response);
    response.once('close', () => {
      this.#active.delete(response);
      // An error is answered before the refused body ends; a client that leaves after that has had the answer.
      const answered = response.writableFinished || (context.log.error !== undefined && response.headersSent);
      if (!answered) gone.abort();
      const receivedAt = received();
      const seconds = receivedAt === undefined ? 0 : (performance.now() - receivedAt) / 1000;
      this.#record(request, context, answered ? response.statusCode : CLIENT_CLOSED, seconds);
    });
    next();
  }

  /** Whether a connection has lasted so long that its client has to ask for another one, which may lead to another pod. */
  #isOld(socket: Socket, now: number): boolean {
    const connectedAt = this.#connectedAt.get(socket);
    if (connectedAt === undefined) this.#connectedAt.set(socket, now);
    return this.#connectionMaxMs > 0 && now - (connectedAt ?? now) >= this.#connectionMaxMs;
  }

  /** @param seconds see {@link bodyReceived} */
  #record(request: Request, { id, log, trace }: RequestContext, status: number, seconds: number): void {
    // The template, never the URL: a scanner must not be able to create label values.
    const endpoint = (request.route as { path?: string } | undefined)?.path ?? 'unknown';
    this.#requests.inc({ endpoint, status });
    this.#latency.observe({ endpoint }, seconds);
    trace?.end({ method: request.method, route: endpoint, status, error: log.error });

    const { cause, ...shown } = log;
    const fields = {
      request_id: id,
      ...(trace !== undefined && { trace_id: trace.traceId }),
      method: request.method,
      endpoint,
      status,
      latency: Number(seconds.toFixed(4)),
      ...shown,
      ...(cause === undefined ? {} : { cause: cause instanceof Error ? cause.message : cause }),
    };
    const latency = `${seconds.toFixed(3)}s`;
    if (log.label !== undefined)
      this.#logger.info(
        fields,
        `predict | label=${log.label} confidence=${(log.confidence ?? 0).toFixed(4)} latency=${latency} file=${log.file ?? ''}`,
      );
    else if (endpoint.startsWith('/predict')) {
      const what = log.error === undefined ? `images=${log.images ?? 0}` : `error=${log.error}`;
      this.#logger.info(fields, `predict | ${what} status=${status} latency=${latency} file=${log.file ?? ''}`);
    } else if (endpoint === '/feedback') {
      const { counted = 0, duplicates = 0, refused = 0, error } = log;
      const what =
        error === undefined ? `counted=${counted} duplicates=${duplicates} refused=${refused}` : `error=${error}`;
      this.#logger.info(fields, `feedback | ${what} status=${status} latency=${latency}`);
    } else this.#logger.debug(fields, `request | ${request.method} ${endpoint} status=${status} latency=${latency}`);
  }
}

/**
 * When the last byte of the body had been read, monotonic ms: from there on time is the server's and not the client's. A
 * request without a body counts from its headers. undefined while the body is still on its way, or nobody reads it: what is
 * answered before, such as a refusal, took the server no time.
 * @param arrivedAt when its headers had arrived
 */
function bodyReceived(request: IncomingMessage, arrivedAt: number): () => number | undefined {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  let at = hasBody ? undefined : arrivedAt;
  if (hasBody) request.once('end', () => (at = performance.now()));
  return () => at;
}

function closeAfterAnswer(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
