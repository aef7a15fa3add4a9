import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningService, startService } from '../../../apps/inference/test/support/start-service.ts';
import { Prometheus } from './prometheus.ts';
import { type Photograph, Users } from './users.ts';
import { watchedBundle } from './watched-bundle.ts';
import { WatchedController } from './watched-controller.ts';

/** Labels of all series, as the chart's monitors give them. */
const NAMESPACE = 'zoo';
/** Pause between two disturbances of the controller. */
const DISTURBED_EVERY_MS = 3_000;

/** A stable pod, a canary pod, a pod without a model and a controller: real programs, with users, and scraped. */
export class WatchedSystem {
  readonly prometheus: Prometheus;
  readonly controller: WatchedController;
  /** Of the stable pod, the canary pod, and the pod without a model. */
  readonly users: readonly Users[];
  readonly #services: readonly RunningService[];
  readonly #folder: string;
  readonly #leaving: AbortController;
  readonly #busy: Promise<unknown>[] = [];

  private constructor(parts: {
    readonly prometheus: Prometheus;
    readonly controller: WatchedController;
    readonly services: readonly RunningService[];
    readonly folder: string;
    readonly photographs: readonly Photograph[] | undefined;
  }) {
    this.prometheus = parts.prometheus;
    this.controller = parts.controller;
    this.#services = parts.services;
    this.#folder = parts.folder;
    this.#leaving = new AbortController();
    this.users = this.#services.map(({ url }) => new Users(url, this.#leaving.signal, parts.photographs));
  }

  /**
   * Users come with {@link WatchedSystem.open}.
   * @param program path of `prometheus`. @param rules paths of files with rules. @param photographs what users ask about; those
   * of the chart by default.
   */
  static async start(
    program: string,
    rules: readonly string[],
    photographs?: readonly Photograph[],
  ): Promise<WatchedSystem> {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-watched-'));
    const common = {
      PREDICTION_ID_KEY: 'a-key-of-the-test',
      PREDICTION_LOG: `file:${folder}/log`,
      PREDICTION_LOG_OBJECT_SECONDS: '1',
      // The port of discarding, where nobody takes a span.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      WORKERS: '1',
    };
    const bundle = async (version: string) => `file://${await watchedBundle(folder, version)}`;
    const stable = await startService({ ...common, MODEL_URI: await bundle('1.0.0') });
    const canary = await startService({ ...common, MODEL_URI: await bundle('1.1.0'), QUEUE_LIMIT: '2' });
    // It answers 503: it has no model.
    const empty = await startService({ ...common, MODEL_URI: '', MODEL_NAME: 'catdog' });
    const controller = await WatchedController.start();
    const pod = (service: RunningService, name: string, track: string) => ({
      address: new URL(service.url).host,
      labels: { job: 'catdog-api', namespace: NAMESPACE, pod: name, track },
    });
    const targets = [
      pod(stable, 'web-1', 'stable'),
      pod(canary, 'web-canary-1', 'canary'),
      pod(empty, 'web-2', 'stable'),
      {
        address: `127.0.0.1:${controller.port}`,
        labels: { job: 'pawl-controller', namespace: NAMESPACE, pod: 'controller-1' },
      },
    ];
    const prometheus = await Prometheus.start(program, targets, rules);
    return new WatchedSystem({ prometheus, controller, services: [stable, canary, empty], folder, photographs });
  }

  /** Users come, to one pod or to all, and stay. */
  open(...users: readonly Users[]): void {
    for (const one of users.length === 0 ? this.users : users) this.#busy.push(one.stay());
  }

  /** From now on the controller's versions pass and fail, and its API server is not well, again and again. */
  disturb(): void {
    this.#busy.push(
      (async () => {
        while (!this.#leaving.signal.aborted) {
          await this.controller.disturb();
          this.controller.fail('AcceptanceFailed');
          this.controller.pass();
          await this.controller.work();
          await sleep(DISTURBED_EVERY_MS);
        }
      })(),
    );
  }

  async close(): Promise<void> {
    this.#leaving.abort();
    await Promise.allSettled(this.#busy);
    await Promise.all(this.#services.map((service) => service.stop()));
    await this.controller.stop();
    await this.prometheus.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
