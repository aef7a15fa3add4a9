import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type Clock, sleep } from '@pawl/shared/concurrency/clock';
import { CLOCK, CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { MetricFactory } from '../metrics/metric-factory.ts';
import type { OpenTelemetryTracer } from './open-telemetry.ts';
import { NoTracer, RequestTracer } from './request-tracer.ts';
import { TraceObserver } from './trace-observer.ts';

/** Longest time that the end of the process waits for spans, ms; never more than a quarter of the drain's. */
const FLUSH_MS = 5_000;
/** Pause between two exports, ms. */
const EXPORT_EVERY_MS = 1_000;

/** Sends the last spans before the process ends. */
@Injectable()
class TracesFlush implements OnApplicationShutdown {
  readonly #tracer: RequestTracer;
  readonly #clock: Clock;
  readonly #config: Config;

  constructor(tracer: RequestTracer, @Inject(CLOCK) clock: Clock, @Inject(CONFIG) config: Config) {
    this.#tracer = tracer;
    this.#clock = clock;
    this.#config = config;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#tracer instanceof NoTracer) return;
    const flushed = new AbortController();
    const done = (): void => {
      flushed.abort();
    };
    (this.#tracer as OpenTelemetryTracer).close().then(done, done);
    await sleep(this.#clock, Math.min(FLUSH_MS, this.#config.DRAIN_TIMEOUT_MS / 4), flushed.signal);
  }
}

/** Traces of requests, off by default; OpenTelemetry is loaded when they are on. */
@Module({
  providers: [
    TraceObserver,
    TracesFlush,
    { provide: RequestTracer, inject: [CONFIG, MetricFactory], useFactory: requestTracer },
  ],
  exports: [RequestTracer, TraceObserver],
})
export class TracingModule {}

// Not in the decorator: TypeScript leaves the path of an import() there as it is in the source.
async function requestTracer(config: Config, metrics: MetricFactory): Promise<RequestTracer> {
  const url = tracesUrl(config);
  if (url === undefined) return new NoTracer();
  const { OpenTelemetryTracer } = await import('./open-telemetry.ts');
  const lost = metrics.counter({
    suffix: 'trace_spans_dropped_total',
    help: 'Spans that were lost: there was no room for them, or the collector did not take them.',
    labels: [],
  });
  // A rate over a series that begins with its first loss would not see that loss.
  lost.inc({}, 0);
  return new OpenTelemetryTracer({
    url,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    maxSpans: config.OTEL_BSP_MAX_QUEUE_SIZE,
    timeoutMs: config.OTEL_EXPORTER_OTLP_TIMEOUT,
    delayMs: EXPORT_EVERY_MS,
    serviceName: config.OTEL_SERVICE_NAME ?? config.MODEL_NAME ?? 'pawl-inference',
    instance: randomUUID(),
    dropped: (spans) => {
      lost.inc({}, spans);
    },
  });
}

/** Pure: `/v1/traces` below the collector's address (OTLP exporter specification); undefined where there is none. */
function tracesUrl({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Config): string | undefined {
  return endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
