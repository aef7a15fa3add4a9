import { Injectable } from '@nestjs/common';
import type { ErrorCode } from '@pawl/shared/errors/error-codes';
import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import { type CounterMetric, type HistogramMetric, MetricFactory } from '../metrics/metric-factory.ts';
import type { PredictionEvent, PredictionObserver } from './prediction-event.ts';

/** The results of images, for Prometheus. */
@Injectable()
export class PredictionMetrics implements PredictionObserver {
  readonly #labels: CounterMetric;
  readonly #abstained: CounterMetric;
  readonly #answeredBy: CounterMetric;
  readonly #refused: CounterMetric;
  readonly #stages: HistogramMetric;
  readonly #confidence: HistogramMetric;

  constructor(metrics: MetricFactory) {
    this.#labels = metrics.counter(inferenceMetrics.predictionLabel);
    this.#abstained = metrics.counter({
      suffix: 'abstained_total',
      help: 'Images that are probably none of the labels, by the label that was answered nevertheless.',
      labels: ['label'],
    });
    this.#answeredBy = metrics.counter(inferenceMetrics.stage);
    this.#refused = metrics.counter({
      suffix: 'image_refused_total',
      help: 'Images that were not classified, by error code.',
      labels: ['code'],
    });
    this.#stages = metrics.histogram({
      suffix: 'stage_duration_seconds',
      help: 'Time of one image in a stage: queue (waiting for a worker), decode, infer.',
      labels: ['stage'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    });
    this.#confidence = metrics.histogram({
      suffix: 'prediction_confidence',
      help: 'Probability of the answered label.',
      labels: ['label'],
      buckets: [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1],
    });
  }

  classified({ answer, classification }: PredictionEvent): void {
    const { timings, stage } = classification;
    const { queueMs, decodeMs, inferMs } = timings;
    this.#stages.observe({ stage: 'queue' }, queueMs / 1000);
    this.#stages.observe({ stage: 'decode' }, decodeMs / 1000);
    this.#stages.observe({ stage: 'infer' }, inferMs / 1000);
    this.#labels.inc({ label: answer.label });
    this.#confidence.observe({ label: answer.label }, answer.confidence);
    if (stage !== undefined) this.#answeredBy.inc({ stage });
    if (answer.abstained === true) this.#abstained.inc({ label: answer.label });
  }

  refused(code: ErrorCode): void {
    this.#refused.inc({ code });
  }
}
