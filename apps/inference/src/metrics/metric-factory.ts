import { metricName } from '@pawl/shared/telemetry/metric-names';
import { Counter, Gauge, Histogram, register } from 'prom-client';

/** Definition of a metric: declared by the code that uses it, and only there. */
export interface MetricDefinition {
  /** Name without the model's name before it: `<what>_<unit>`, with `_total` for counters. */
  readonly suffix: string;
  readonly help: string;
  /** Names of labels, whose values must be few. */
  readonly labels: readonly string[];
}

/** A definition with the upper edges of its buckets, ascending. */
export interface HistogramDefinition extends MetricDefinition {
  readonly buckets: readonly number[];
}

/** Values by the names of labels. */
type LabelValues = Readonly<Record<string, string | number>>;

/** Counts what happens. */
export interface CounterMetric {
  inc(labels: LabelValues): void;
}

/** Observes a duration or an amount. */
export interface HistogramMetric {
  observe(labels: LabelValues, value: number): void;
}

/** Sets the present amount. */
export interface GaugeMetric {
  set(value: number): void;
}

/** One value of a gauge that is read at a scrape. */
export interface GaugeReading {
  readonly labels: LabelValues;
  readonly value: number;
}

/** Makes the metrics of the service, each with the model's name before its own. Every method throws for a name that was declared before. */
export class MetricFactory {
  readonly #model: string;
  readonly #declared = new Set<string>();

  /** @param model name of the model. */
  constructor(model: string) {
    this.#model = model;
  }

  counter(definition: MetricDefinition): CounterMetric {
    return new Counter(this.#declare(definition));
  }

  histogram(definition: HistogramDefinition): HistogramMetric {
    return new Histogram({ ...this.#declare(definition), buckets: [...definition.buckets] });
  }

  gauge(definition: MetricDefinition): GaugeMetric {
    return new Gauge(this.#declare(definition));
  }

  /** A gauge that is read at every scrape, so that it is never stale. @param read its values now; none: no line. */
  observed(definition: MetricDefinition, read: () => number | readonly GaugeReading[]): void {
    // The registry keeps it.
    new Gauge({
      ...this.#declare(definition),
      collect() {
        const now = read();
        if (typeof now === 'number') {
          this.set(now);
          return;
        }
        this.reset();
        for (const { labels, value } of now) this.set(labels, value);
      },
    });
  }

  #declare({ suffix, help, labels }: MetricDefinition): { name: string; help: string; labelNames: string[] } {
    const name = metricName(this.#model, { suffix });
    if (this.#declared.has(name)) throw new Error(`the metric ${name} is declared twice`);
    this.#declared.add(name);
    // Left by a service that ran earlier in this process: the registry is the process's.
    register.removeSingleMetric(name);
    return { name, help, labelNames: [...labels] };
  }
}
