import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { openLogStore } from '@pawl/shared/predictionlog/log-store';
import { CLOCK, CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { Logger } from '../logging/logger.ts';
import { MetricFactory } from '../metrics/metric-factory.ts';
import type { PredictionEvent, PredictionObserver } from '../observation/prediction-event.ts';
import { standardOutputSink, storeSink } from './log-sinks.ts';
import { type LogLimits, type LogOutcome, type LogSink, LogWriter } from './log-writer.ts';
import { predictionLineOf } from './prediction-line.ts';

/** Longest time that the end of the process waits for what is in memory, ms; never more than a quarter of the drain's. */
const FLUSH_MS = 5_000;
/** Standard output is read as it comes: lines wait for others only as long as one write takes. */
const STDOUT = { batchBytes: 64 * 1024, batchAgeMs: 100, timeoutMs: undefined };
const OUTCOMES: readonly LogOutcome[] = ['written', 'dropped', 'failed'];

/** Writes a line about every prediction to where PREDICTION_LOG says; unset: does nothing, and has no metrics. */
@Injectable()
export class PredictionLog implements PredictionObserver, OnApplicationShutdown {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #writer: LogWriter | undefined;

  constructor(@Inject(CONFIG) config: Config, @Inject(CLOCK) clock: Clock, metrics: MetricFactory, logger: Logger) {
    this.#config = config;
    this.#clock = clock;
    const { PREDICTION_LOG: uri } = config;
    if (uri === undefined) return;
    const lines = metrics.counter({
      suffix: 'prediction_log_total',
      help: 'Lines of the prediction log: written, dropped (no room, or no time at the end), failed (the store did not take them).',
      labels: ['outcome'],
    });
    // A rate over a series that begins with its first loss would not see that loss.
    for (const outcome of OUTCOMES) lines.inc({ outcome }, 0);
    const writer = new LogWriter(sinkOf(uri, config), limitsOf(uri, config), {
      clock,
      logger,
      count: (outcome, count) => {
        lines.inc({ outcome }, count);
      },
    });
    metrics.observed(
      { suffix: 'prediction_log_queue', help: 'Lines of the prediction log that are in memory still.', labels: [] },
      () => writer.waiting,
    );
    this.#writer = writer;
  }

  classified(event: PredictionEvent): void {
    if (this.#writer === undefined) return;
    const { PREDICTION_LOG_TOP_LABELS: top } = this.#config;
    this.#writer.add(JSON.stringify(predictionLineOf(event, this.#clock.now(), top)));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#writer?.close(Math.min(FLUSH_MS, this.#config.DRAIN_TIMEOUT_MS / 4));
  }
}

function sinkOf(uri: string, { PREDICTION_LOG_S3_ENDPOINT, S3_ENDPOINT }: Config): LogSink {
  if (uri === 'stdout') return standardOutputSink();
  const endpoint = PREDICTION_LOG_S3_ENDPOINT ?? S3_ENDPOINT;
  return storeSink(uri, () => openLogStore(uri, { endpoint }), randomBytes(6).toString('hex'));
}

function limitsOf(uri: string, config: Config): LogLimits {
  const queueBytes = config.PREDICTION_LOG_QUEUE_BYTES;
  if (uri === 'stdout') return { ...STDOUT, queueBytes, retry: { attempts: 1, initialDelayMs: 0, maxDelayMs: 0 } };
  return {
    queueBytes,
    batchBytes: Math.min(config.PREDICTION_LOG_OBJECT_BYTES, queueBytes / 2),
    batchAgeMs: config.PREDICTION_LOG_OBJECT_SECONDS * 1000,
    // A folder that hangs (NFS) holds a thread of the process's pool with every try, and the pool has four.
    timeoutMs: uri.startsWith('file:') ? undefined : config.PREDICTION_LOG_TIMEOUT_MS,
    retry: { attempts: 3, initialDelayMs: 500, maxDelayMs: 5_000 },
  };
}
