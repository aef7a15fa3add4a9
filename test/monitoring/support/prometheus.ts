import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@pawl/test-kit/free-port';
import { startServer } from '@pawl/test-kit/server-process';
import { stringify } from 'yaml';
import type { KnownMetrics, Series } from './known-metrics.ts';

/** What is scraped, with the labels that the chart's monitors give it. */
export interface ScrapeTarget {
  /** `host:port`. */
  readonly address: string;
  readonly labels: Series & { readonly job: string };
}

/** A series with its values: seconds since 1970, and the value as text. */
export interface Result {
  readonly metric: Series;
  readonly values: readonly (readonly [number, string])[];
}

/** A real Prometheus that scrapes every second. */
export class Prometheus {
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  /** @param program path of `prometheus`. @param rules paths of files with rules. */
  static async start(program: string, targets: readonly ScrapeTarget[], rules: readonly string[]): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-prometheus-'));
    const port = await freePort();
    const jobs = [...new Set(targets.map(({ labels }) => labels.job))];
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: rules,
      scrape_configs: jobs.map((job) => ({
        job_name: job,
        static_configs: targets
          .filter(({ labels }) => labels.job === job)
          .map(({ address, labels }) => ({ targets: [address], labels })),
      })),
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
    const server = await startServer({
      command: program,
      arguments: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      port,
      health: '/-/ready',
    });
    return new Prometheus(server.url, async () => {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    });
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Values now. @throws Error with what Prometheus says of the expression. */
  async instant(query: string): Promise<readonly Result[]> {
    const { result } = await this.#ask<{ readonly result: Instant }>('query', { query });
    // A scalar has no series.
    return isVector(result) ? result.map(({ metric, value }) => ({ metric, values: [value] })) : [];
  }

  /** Values over some seconds until now. @throws Error with what Prometheus says of the expression. */
  async range(query: string, seconds: number, step: number): Promise<readonly Result[]> {
    const end = Date.now() / 1000;
    const window = { start: String(end - seconds), end: String(end), step: String(step) };
    const { result } = await this.#ask<{ readonly result: readonly Result[] }>('query_range', { query, ...window });
    return result;
  }

  /** Everything that was scraped and recorded. */
  async known(): Promise<KnownMetrics> {
    const series = await this.#ask<readonly Series[]>('series', { 'match[]': '{__name__=~".+"}' });
    const metadata = await this.#ask<Readonly<Record<string, unknown>>>('metadata', {});
    return { series, declared: new Set(Object.keys(metadata)) };
  }

  /** Values of a label of some series. */
  async labelValues(series: string, label: string): Promise<readonly string[]> {
    const found = await this.#ask<readonly Series[]>('series', { 'match[]': series });
    return [...new Set(found.flatMap((one) => one[label] ?? []))];
  }

  async #ask<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const body = (await answer.json()) as { readonly data: T; readonly error?: string };
    if (body.error !== undefined) throw new Error(`${body.error} in ${JSON.stringify(parameters)}`);
    return body.data;
  }
}

type Vector = readonly { readonly metric: Series; readonly value: readonly [number, string] }[];
type Instant = Vector | readonly [number, string];

const isVector = (result: Instant): result is Vector => typeof result[0] !== 'number';
