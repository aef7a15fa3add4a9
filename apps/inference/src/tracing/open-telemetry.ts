/**
 * The only files that know OpenTelemetry are this one and bounded-export.ts. They are loaded when traces are on, and then
 * alone: a service without traces neither reads nor holds any of it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, resourceAttributesEnvDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { RequestOutcome, RequestTrace, TracedStage } from '../observation/request-trace.ts';
import { boundedProcessor } from './bounded-export.ts';
import { RequestTracer } from './request-tracer.ts';

/** Where traces go, and how many of them. */
export interface TracingOptions {
  /** Address of the collector's `/v1/traces`. */
  readonly url: string;
  /** Share of the requests without a caller's trace that are sampled, 0 to 1. */
  readonly ratio: number;
  /** Most spans in memory. */
  readonly maxSpans: number;
  /** Time for one export, its retries included, milliseconds. */
  readonly timeoutMs: number;
  /** Pause between exports, milliseconds. */
  readonly delayMs: number;
  readonly serviceName: string;
  /** Names the process among others of the service. */
  readonly instance: string;
  /** Told the number of spans that were lost. */
  readonly dropped: (spans: number) => void;
}

/** Traces requests with OpenTelemetry, over OTLP/HTTP with JSON. */
export class OpenTelemetryTracer extends RequestTracer {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();

  constructor({ url, ratio, maxSpans, timeoutMs, delayMs, serviceName, instance, dropped }: TracingOptions) {
    super();
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: timeoutMs });
    // The exporter's own limit comes first, so that what is lost is known before the next batch is sent.
    const limits = { maxSpans, scheduledDelayMillis: delayMs, exportTimeoutMillis: timeoutMs + 1_000 };
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName, 'service.instance.id': instance }).merge(
        // OTEL_RESOURCE_ATTRIBUTES, as every program with OpenTelemetry takes it.
        detectResources({ detectors: [resourceAttributesEnvDetector] }),
      ),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: [boundedProcessor(exporter, limits, dropped)],
    });
    this.#tracer = this.#provider.getTracer('pawl');
  }

  override begin(headers: IncomingHttpHeaders, arrivedAt: number): RequestTrace | undefined {
    const parent = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    // Wall clock and durations of one request agree, although the wall clock may be set meanwhile.
    const epoch = Date.now() - performance.now();
    const span = this.#tracer.startSpan('request', { kind: SpanKind.SERVER, startTime: epoch + arrivedAt }, parent);
    if (!span.isRecording()) return undefined;
    return new OpenTelemetryTrace(this.#tracer, span, trace.setSpan(parent, span), epoch);
  }

  /** Sends what there is. Resolves when that is done or was given up, which the caller limits. */
  async close(): Promise<void> {
    await this.#provider.shutdown();
  }
}

class OpenTelemetryTrace implements RequestTrace {
  readonly traceId: string;
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  readonly #epoch: number;

  /** @param epoch wall clock at which `performance.now()` was 0, milliseconds since 1970. */
  constructor(tracer: Tracer, span: Span, context: Context, epoch: number) {
    this.traceId = span.spanContext().traceId;
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
    this.#epoch = epoch;
  }

  stage({ name, begin, end, attributes = {} }: TracedStage): void {
    const options = { startTime: this.#epoch + begin, attributes: { ...attributes } };
    this.#tracer.startSpan(name, options, this.#context).end(this.#epoch + end);
  }

  /** Semantic conventions of HTTP servers; only what the service has at fault is an error there. */
  end({ method, route, status, error }: RequestOutcome): void {
    this.#span.updateName(`${method} ${route}`);
    this.#span.setAttributes({
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'url.scheme': 'http',
      ...(error !== undefined && { 'error.type': error }),
    });
    if (status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end(this.#epoch + performance.now());
  }
}
