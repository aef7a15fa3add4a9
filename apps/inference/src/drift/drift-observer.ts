import { Injectable } from '@nestjs/common';
import type { Reference } from '@pawl/shared/bundle/reference';
import { systemClock } from '@pawl/shared/concurrency/clock';
import { DriftDetector } from '@pawl/shared/drift/drift-detector';
import { observationOf } from '@pawl/shared/drift/observation';
import { watchedStatistics, type WatchedStatistic } from '@pawl/shared/drift/watched-statistic';
import { inferenceMetrics } from '@pawl/shared/telemetry/metric-names';
import { type CounterMetric, type GaugeReading, MetricFactory } from '../metrics/metric-factory.ts';
import { ModelService } from '../model/model.service.ts';
import type { PredictionEvent, PredictionObserver } from '../observation/prediction-event.ts';

/** Evidence above it is as good as certain, and Prometheus can still raise 10 to its power. */
const MAX_LOG10 = 300;

/** What is watched of one model. */
interface Watch {
  readonly reference: Reference;
  readonly statistics: readonly WatchedStatistic[];
  readonly detector: DriftDetector;
}

/**
 * Counts pictures and answers into the bins of the bundle's reference, and says how much speaks for it that they are no longer
 * like those. Nothing of a picture is kept but one count a statistic.
 */
@Injectable()
export class DriftObserver implements PredictionObserver {
  readonly #bins: CounterMetric;
  #watch: Watch | undefined;

  constructor(metrics: MetricFactory, model: ModelService) {
    this.#bins = metrics.counter(inferenceMetrics.driftBin);
    metrics.observed(
      {
        suffix: 'drift_evidence',
        help: 'Evidence (log10 of an e-value) that a statistic is not distributed as in the reference; statistic="all": all together, an alarm from 3 on.',
        labels: ['statistic'],
      },
      () => this.#evidence(model),
    );
    metrics.observed(
      {
        suffix: 'drift_reference_share',
        help: 'Share of the pictures of the reference in a bin.',
        labels: ['statistic', 'bin'],
      },
      () => this.#watchOf(model.served?.reference)?.statistics.flatMap(sharesOf) ?? [],
    );
  }

  classified({ model, answer, classification, bytes }: PredictionEvent): void {
    const watch = this.#watchOf(model.reference);
    if (watch === undefined) return;
    const { image, projections, known } = classification;
    const { label, confidence } = answer;
    const { statistics = {}, width, height } = image;
    const observation = observationOf({ statistics, projections, width, height, bytes, label, confidence, known });
    const bins = watch.statistics.map((statistic) => statistic.binOf(observation));
    watch.detector.observe(bins);
    for (const [index, { name, bins: names }] of watch.statistics.entries()) {
      const bin = bins[index];
      if (bin !== undefined) this.#bins.inc({ statistic: name, bin: names[bin] ?? '' });
    }
  }

  /** A process serves one bundle for its life; the reference is known when that is ready. */
  #watchOf(reference: Reference | undefined): Watch | undefined {
    if (reference === undefined || reference === this.#watch?.reference) return this.#watch;
    const statistics = watchedStatistics(reference);
    this.#watch = { reference, statistics, detector: new DriftDetector(statistics, () => systemClock.monotonic()) };
    return this.#watch;
  }

  #evidence(model: ModelService): readonly GaugeReading[] {
    const watch = this.#watchOf(model.served?.reference);
    if (watch === undefined) return [];
    const { all, byStatistic } = watch.detector.evidence();
    return [['all', all] as const, ...byStatistic].map(([statistic, evidence]) => ({
      labels: { statistic },
      value: Math.min(MAX_LOG10, evidence / Math.LN10),
    }));
  }
}

function sharesOf({ name, bins, reference }: WatchedStatistic): readonly GaugeReading[] {
  const pictures = reference.reduce((sum, count) => sum + count, 0);
  return bins.map((bin, index) => ({
    labels: { statistic: name, bin },
    value: (reference[index] ?? 0) / pictures,
  }));
}
