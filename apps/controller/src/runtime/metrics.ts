import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LoopMetrics } from './controller-loop.ts';
import type { InformerMetrics } from './informer.ts';
import type { RequestObserver } from '@pawl/shared/kubernetes/requests';
import type { WorkQueue } from './work-queue.ts';

/** One sample of a gauge that is read at every scrape. */
export interface GaugeRow {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The Prometheus registry of the process. Labels are bounded: no metric carries the name of an object. */
export class Metrics {
  readonly #registry = new Registry();
  /** For a {@link ControllerLoop}. */
  readonly loop: LoopMetrics;
  /** For a {@link KubeClient}. */
  readonly api: RequestObserver;
  readonly #watchRestarts: Counter;
  readonly #relists: Counter;
  readonly #missedEvents: Counter;
  readonly #leader: Gauge;

  constructor() {
    const registers = [this.#registry];
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name, help, labelNames, registers });
    const histogram = (name: string, help: string, labelNames: string[]) =>
      new Histogram({ name, help, labelNames, registers, buckets: SECONDS });
    collectDefaultMetrics({ register: this.#registry });

    const durations = histogram('pawl_controller_reconcile_duration_seconds', 'Time of one reconcile.', ['outcome']);
    const errors = counter('pawl_controller_reconcile_errors_total', 'Reconciles that failed.', ['reason']);
    this.loop = {
      reconciled: (outcome, seconds) => {
        durations.observe({ outcome }, seconds);
      },
      failed: (reason) => {
        errors.inc({ reason });
      },
    };
    const requests = histogram(
      'pawl_controller_api_request_duration_seconds',
      'Time until the API server began to answer; its count is the number of requests.',
      ['verb', 'code'],
    );
    this.api = {
      requested: (verb, code, seconds) => {
        requests.observe({ verb, code }, seconds);
      },
    };
    this.#watchRestarts = counter('pawl_controller_watch_restarts_total', 'Watches that were restarted.', [
      'kind',
      'reason',
    ]);
    this.#relists = counter('pawl_controller_relists_total', 'Complete lists, the first one included.', ['kind']);
    this.#missedEvents = counter(
      'pawl_controller_missed_events_total',
      'Changes that a list showed and no watch told.',
      ['kind'],
    );
    const help = 'Whether this process leads in any namespace: 1, or 0 when it stands by.';
    this.#leader = new Gauge({ name: 'pawl_controller_leader', help, registers });
  }

  /** For the {@link Informer} of one kind. */
  informer(kind: string): InformerMetrics {
    this.#missedEvents.inc({ kind }, 0);
    return {
      restarted: (reason) => {
        this.#watchRestarts.inc({ kind, reason });
      },
      relisted: () => {
        this.#relists.inc({ kind });
      },
      missed: (count) => {
        this.#missedEvents.inc({ kind }, count);
      },
    };
  }

  leading(leads: boolean): void {
    this.#leader.set(leads ? 1 : 0);
  }

  /** Publishes the length of all queues together. */
  observeQueues(queues: readonly WorkQueue[]): void {
    const sum = (of: (queue: WorkQueue) => number) => queues.reduce((total, queue) => total + of(queue), 0);
    this.observedGauge('pawl_controller_queue_depth', 'Keys that are ready for a worker.', [], () => [
      { value: sum(({ depth }) => depth) },
    ]);
    this.observedGauge('pawl_controller_queue_delayed', 'Keys that become ready later.', [], () => [
      { value: sum(({ delayed }) => delayed) },
    ]);
    this.observedGauge('pawl_controller_queue_oldest_seconds', 'How long the oldest ready key has waited.', [], () => [
      { value: Math.max(...queues.map(({ oldestMs }) => oldestMs)) / 1000 },
    ]);
  }

  /**
   * A gauge that is read at every scrape, so that it is never stale: rows that are not returned disappear.
   * @param labels the names that rows may use; their values must be bounded.
   */
  observedGauge(name: string, help: string, labels: readonly string[], rows: () => Iterable<GaugeRow>): void {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const row of rows()) this.set({ ...row.labels }, row.value);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The exposition of every metric. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
