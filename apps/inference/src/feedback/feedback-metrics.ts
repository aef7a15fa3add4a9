import { Injectable } from '@nestjs/common';
import { NEITHER } from '@pawl/shared/bundle/manifest';
import { type CounterMetric, type HistogramMetric, MetricFactory } from '../metrics/metric-factory.ts';
import { BoundedValues, OTHER } from './bounded-values.ts';

/** Why feedback is refused: values of a metric's label. */
const refusals = [
  'malformed',
  'id_invalid',
  'other_model',
  'from_future',
  'too_old',
  'label_unknown',
  'conflict',
] as const;

/** One of them. */
export type Refusal = (typeof refusals)[number];

/** Versions with series of their own: those whose predictions still get feedback are few. */
const MAX_VERSIONS = 8;
/** Labels with series of their own: the first ones of a manifest. Each makes two series a version. */
const MAX_LABELS = 100;

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Feedback that was counted. */
export interface CountedFeedback {
  readonly version: string;
  /** The true one. */
  readonly label: string;
  /** Place of the label in the manifest. */
  readonly index: number;
  readonly isCorrect: boolean;
  /** From the prediction to its feedback, 0 or more. */
  readonly delaySeconds: number;
}

/** Counts feedback, for Prometheus. */
@Injectable()
export class FeedbackMetrics {
  readonly #feedback: CounterMetric;
  readonly #refused: CounterMetric;
  readonly #duplicates: CounterMetric;
  readonly #delay: HistogramMetric;
  readonly #versions = new BoundedValues(MAX_VERSIONS);

  constructor(metrics: MetricFactory) {
    this.#feedback = metrics.counter({
      suffix: 'feedback_total',
      help: 'Feedback by the version that had answered, by the true label ("neither": none of them), and by whether the answer was correct; an abstention is an answer "neither".',
      labels: ['version', 'label', 'correct'],
    });
    this.#refused = metrics.counter({
      suffix: 'feedback_refused_total',
      help: 'Feedback that was not counted, by reason: malformed, id_invalid, other_model, from_future, too_old, label_unknown, conflict (the prediction has another label already).',
      labels: ['reason'],
    });
    this.#duplicates = metrics.counter({
      suffix: 'feedback_duplicate_total',
      help: 'Feedback that was counted before, and is not counted again.',
      labels: [],
    });
    this.#delay = metrics.histogram({
      suffix: 'feedback_delay_seconds',
      help: 'Time from a prediction to its feedback.',
      labels: [],
      buckets: [60, 600, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY],
    });
  }

  /**
   * Makes the series of the served version, before others take their places: feedback often comes as one large batch, of which
   * `increase()` would see nothing if its series began with it.
   * @param labels that feedback may have, in the manifest's order and "neither"
   */
  begin(version: string, labels: Iterable<string>): void {
    for (const [index, label] of [...labels].entries())
      for (const correct of ['true', 'false'])
        this.#feedback.inc({ version: this.#versions.of(version), label: shownLabel(label, index), correct }, 0);
    for (const reason of refusals) this.#refused.inc({ reason }, 0);
  }

  counted({ version, label, index, isCorrect, delaySeconds }: CountedFeedback): void {
    const labels = { version: this.#versions.of(version), label: shownLabel(label, index), correct: String(isCorrect) };
    this.#feedback.inc(labels);
    this.#delay.observe({}, delaySeconds);
  }

  refused(reason: Refusal): void {
    this.#refused.inc({ reason });
  }

  duplicate(): void {
    this.#duplicates.inc({});
  }
}

const shownLabel = (label: string, index: number): string => (index < MAX_LABELS || label === NEITHER ? label : OTHER);
