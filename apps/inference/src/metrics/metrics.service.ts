import type { Classification } from '@pawl/shared/execution/image-task';
import type { Answer } from '@pawl/shared/execution/answer';
import type { ErrorCode } from '@pawl/shared/errors/error-codes';
import type { Counter, Gauge, Histogram } from 'prom-client';

/** The metrics that are written when something happens; the others are read at every scrape. */
interface WrittenMetrics {
  readonly requestTotal: Counter;
  readonly requestLatency: Histogram;
  readonly predictionLabel: Counter;
  readonly abstained: Counter;
  readonly imageRefused: Counter;
  readonly stageDuration: Histogram;
  readonly confidence: Histogram;
  readonly uploadBytes: Gauge;
}

/** What the rest of the service tells Prometheus, in its own words. */
export class Metrics {
  readonly #metrics: WrittenMetrics;

  constructor(metrics: WrittenMetrics) {
    this.#metrics = metrics;
  }

  /**
   * A request was answered.
   * @param endpoint route template, never the raw URL: label values must be few.
   */
  requestFinished(endpoint: string, status: number, seconds: number): void {
    this.#metrics.requestTotal.inc({ endpoint, status });
    this.#metrics.requestLatency.observe({ endpoint }, seconds);
  }

  /** An image was classified. */
  imageClassified(answer: Answer, { queueMs, decodeMs, inferMs }: Classification['timings']): void {
    const { stageDuration, predictionLabel, confidence, abstained } = this.#metrics;
    stageDuration.observe({ stage: 'queue' }, queueMs / 1000);
    stageDuration.observe({ stage: 'decode' }, decodeMs / 1000);
    stageDuration.observe({ stage: 'infer' }, inferMs / 1000);
    predictionLabel.inc({ label: answer.label });
    confidence.observe({ label: answer.label }, answer.confidence);
    if (answer.abstained === true) abstained.inc({ label: answer.label });
  }

  /** An image was not classified. */
  imageRefused(code: ErrorCode): void {
    this.#metrics.imageRefused.inc({ code });
  }

  /** Bytes of uploads that are held in memory now. */
  uploadsHold(bytes: number): void {
    this.#metrics.uploadBytes.set(bytes);
  }
}
