import { createRandom } from '@pawl/shared/statistics/random';
import type { Reference } from '@pawl/shared/bundle/reference';
import { watchedStatistics, type WatchedStatistic } from '@pawl/shared/drift/watched-statistic';

/** What a process of the service counts, scraped every minute into a history that `promtool` reads. */
class MetricHistory {
  /** Lines by metric and series: OpenMetrics wants those of a metric together. */
  readonly #lines = new Map<string, Map<string, string[]>>();

  /** @param at Unix seconds */
  add(metric: string, labels: Readonly<Record<string, string>>, at: number, value: number): void {
    const series = `${metric}{${Object.entries(labels)
      .map(([name, text]) => `${name}=${JSON.stringify(text)}`)
      .join(',')}}`;
    const bySeries = this.#lines.get(metric) ?? new Map<string, string[]>();
    this.#lines.set(metric, bySeries);
    const lines = bySeries.get(series) ?? [];
    bySeries.set(series, lines);
    lines.push(`${series} ${value} ${at}`);
  }

  /** All of it in OpenMetrics' text format. */
  toOpenMetrics(): string {
    const lines = [...this.#lines].flatMap(([metric, bySeries]) => [
      `# TYPE ${metric} unknown`,
      ...[...bySeries.values()].flat(),
    ]);
    return `${lines.join('\n')}\n# EOF\n`;
  }
}

/** Number of pictures behind {@link catdogReference}. */
const REFERENCE_PICTURES = 2000;

const deciles = (edges: readonly number[]) => ({
  edges: [...edges],
  counts: Array.from({ length: edges.length + 1 }, () => REFERENCE_PICTURES / (edges.length + 1)),
  mean: edges[4] ?? 0,
  std: 1,
});

/** A reference whose bins are all as frequent. */
export const catdogReference: Reference = {
  schemaVersion: 1,
  count: REFERENCE_PICTURES,
  inputs: {
    brightness: deciles([70, 85, 95, 104, 112, 120, 130, 142, 160]),
    contrast: deciles([40, 46, 51, 55, 58, 62, 66, 71, 78]),
    sharpness: deciles([3.1, 4.2, 5, 5.8, 6.6, 7.4, 8.4, 9.7, 12]),
    width: deciles([240, 300, 333, 360, 400, 451, 500, 640, 1024]),
    bytes_per_pixel: deciles([0.14, 0.19, 0.23, 0.27, 0.31, 0.36, 0.42, 0.5, 0.66]),
  },
  answers: {
    count: REFERENCE_PICTURES,
    labels: { cat: 1000, dog: 1000 },
    confidence: {},
    scores: { confidence: deciles([0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999]) },
  },
};

/** Chance of a bin as in the reference, or leaning to the low ones by `lean`, 0 to 1. */
function pickBin(bins: number, lean: number, random: { next(): number }): number {
  const x = random.next();
  return Math.min(bins - 1, Math.floor(bins * (random.next() < lean ? x * 0.5 : x)));
}

/** A pod's life, Unix seconds. */
interface PodLife {
  readonly pod: string;
  readonly version: string;
  readonly digest: string;
  readonly from: number;
  readonly to: number;
  /** When its container started anew, with counters at 0. */
  readonly restarts?: readonly number[];
}

/** What a history was made of, to compare a report with. */
export interface MadeHistory {
  readonly history: MetricHistory;
  /** Pictures that each pod answered within a span, up to its last scrape. */
  readonly pictures: ReadonlyMap<string, number>;
}

export interface HistoryOptions {
  readonly pods: readonly PodLife[];
  /** Pictures a minute and pod. */
  readonly perMinute: number;
  /** From when on pictures are blurred; undefined: never. */
  readonly driftFrom?: number;
  readonly reference?: Reference;
  readonly seed?: number;
}

const SCRAPE_SECONDS = 60;

/** The history of a service's pods, as Prometheus would have it after scraping each of them every minute. */
export function serviceHistory(options: HistoryOptions): MadeHistory {
  const { pods, perMinute, driftFrom = Infinity, reference = catdogReference, seed = 1 } = options;
  const history = new MetricHistory();
  const statistics = watchedStatistics(reference);
  const random = createRandom(seed);
  const pictures = new Map<string, number>();
  for (const life of pods) {
    const target = { namespace: 'prod', pod: life.pod, instance: '10.0.0.1:8000', job: 'catdog-api', track: 'stable' };
    let counters = new Map<string, { metric: string; labels: Record<string, string>; value: number }>();
    const count = (metric: string, labels: Record<string, string>, by = 1) => {
      const key = JSON.stringify([metric, labels]);
      const counter = counters.get(key) ?? { metric, labels, value: 0 };
      counters.set(key, { ...counter, value: counter.value + by });
    };
    for (let at = life.from; at <= life.to; at += SCRAPE_SECONDS) {
      if (life.restarts?.includes(at)) counters = new Map();
      for (let i = 0; i < perMinute; i++) answer(statistics, at >= driftFrom, random, life.version, count);
      pictures.set(life.pod, (pictures.get(life.pod) ?? 0) + perMinute);
      history.add('catdog_model_info', { ...target, version: life.version, digest: life.digest }, at, 1);
      for (const { metric, labels, value } of counters.values())
        history.add(metric, { ...target, ...labels }, at, value);
    }
  }
  return { history, pictures };
}

type Count = (metric: string, labels: Record<string, string>, by?: number) => void;

/** One request with one picture. */
function answer(
  statistics: readonly WatchedStatistic[],
  drifted: boolean,
  random: { next(): number },
  version: string,
  count: Count,
): void {
  const bins = new Map<string, string>();
  for (const { name, bins: names } of statistics) {
    const lean = !drifted
      ? 0
      : name === 'bytes_per_pixel'
        ? 0.9
        : name === 'sharpness'
          ? 0.6
          : name === 'confidence'
            ? 0.3
            : 0;
    const bin = names[pickBin(names.length, lean, random)] ?? '';
    bins.set(name, bin);
    count('catdog_drift_bin_total', { statistic: name, bin });
  }
  const label = bins.get('label') ?? 'cat';
  const truth = random.next() < (drifted ? 0.9 : 0.97) ? label : label === 'cat' ? 'dog' : 'cat';
  const endpoint = '/predict';
  const fails = random.next() < 0.01;
  count('catdog_request_total', { endpoint, status: fails ? '503' : '200' });
  const seconds = fails ? 0.004 : 0.02 + 0.06 * random.next();
  for (const le of ['0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '+Inf'])
    if (le === '+Inf' || seconds <= Number(le)) count('catdog_request_latency_seconds_bucket', { endpoint, le });
  count('catdog_request_latency_seconds_sum', { endpoint }, seconds);
  count('catdog_request_latency_seconds_count', { endpoint });
  if (fails) return;
  count('catdog_prediction_label_total', { label });
  count('catdog_prediction_confidence_sum', { label }, drifted ? 0.93 : 0.97);
  count('catdog_prediction_confidence_count', { label });
  if (random.next() < 0.2) count('catdog_feedback_total', { version, label: truth, correct: String(truth === label) });
}
