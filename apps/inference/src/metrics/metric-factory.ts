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
  /** @param by 1 by default; 0 makes the series, so that `increase()` sees the first event of it. */
  inc(labels: LabelValues, by?: number): void;
}

/** Observes a duration or an amount. */
export interface HistogramMetric {
  observe(labels: LabelValues, value: number): void;
}

/** Sets the present amount. */
export interface GaugeMetric {
  set(value: number): void;
}

/** A definition as prom-client takes it. */
interface NamedMetric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

/** One value of a gauge that is read at a scrape. */
export interface GaugeReading {
  readonly labels: LabelValues;
  readonly value: number;
}

/**
 * Makes the metrics of the service, each with the model's name before its own. Where the name is not known yet, a metric
 * begins with the name: what happens before has no name to go by, and is not counted. Every method throws for a name that
 * was declared before.
 */
export class MetricFactory {
  readonly #declared = new Set<string>();
  #model: string | undefined;
  #waiting: ((model: string) => void)[] = [];

  /** @param model name of the model; undefined while nobody knows it. */
  constructor(model: string | undefined) {
    this.#model = model;
  }

  /** Tells the name, once; a second time, or where it was known, nothing happens. */
  nameModel(model: string): void {
    if (this.#model !== undefined) return;
    this.#model = model;
    for (const begin of this.#waiting) begin(model);
    this.#waiting = [];
  }

  counter(definition: MetricDefinition): CounterMetric {
    let counter: Counter | undefined;
    this.#declare(definition, (named) => (counter = new Counter(named)));
    return { inc: (labels, by = 1) => counter?.inc(labels, by) };
  }

  histogram(definition: HistogramDefinition): HistogramMetric {
    let histogram: Histogram | undefined;
    const buckets = [...definition.buckets];
    this.#declare(definition, (named) => (histogram = new Histogram({ ...named, buckets })));
    return { observe: (labels, value) => histogram?.observe(labels, value) };
  }

  gauge(definition: MetricDefinition): GaugeMetric {
    let gauge: Gauge | undefined;
    this.#declare(definition, (named) => (gauge = new Gauge(named)));
    return { set: (value) => gauge?.set(value) };
  }

  /** A gauge that is read at every scrape, so that it is never stale. @param read its values now; none: no line. */
  observed(definition: MetricDefinition, read: () => number | readonly GaugeReading[]): void {
    this.#declare(
      definition,
      (named) =>
        // The registry keeps it.
        new Gauge({
          ...named,
          collect() {
            const now = read();
            if (typeof now === 'number') {
              this.set(now);
              return;
            }
            this.reset();
            for (const { labels, value } of now) this.set(labels, value);
          },
        }),
    );
  }

  #declare({ suffix, help, labels }: MetricDefinition, begin: (named: NamedMetric) => unknown): void {
    if (this.#declared.has(suffix)) throw new Error(`the metric ${suffix} is declared twice`);
    this.#declared.add(suffix);
    const beginAs = (model: string): void => {
      const name = metricName(model, { suffix });
      // Left by a service that ran earlier in this process: the registry is the process's.
      register.removeSingleMetric(name);
      begin({ name, help, labelNames: [...labels] });
    };
    if (this.#model === undefined) this.#waiting.push(beginAs);
    else beginAs(this.#model);
  }
}
