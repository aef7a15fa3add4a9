import { createServer } from 'node:http';
import { inferenceMetrics, metricName } from '@pawl/shared/telemetry/metric-names';

/** How weights behave once their pod is up. */
export interface Behaviour {
  /** What becomes of a pod that serves them; `late`: never ready on the stable track, ready as a canary. */
  readonly pod: 'ready' | 'never-ready' | 'crash-looping' | 'unschedulable' | 'late';
  /** Share of acceptance images that are answered with the wrong label: all or none. */
  readonly isWrong: boolean;
  /** Milliseconds that an acceptance image takes. */
  readonly answerMs: number;
  /** Of the requests of users: share answered with 500. */
  readonly errors: number;
  /** Seconds that a request of a user takes. */
  readonly latency: number;
  /** Of the requests of users: share answered with `cat`. */
  readonly cats: number;
}

export const good: Behaviour = { pod: 'ready', isWrong: false, answerMs: 0, errors: 0, latency: 0.02, cats: 0.5 };

const EDGES = inferenceMetrics.requestLatency.buckets;
/** Requests of users that a pod in service answers in a tick. */
const PER_TICK = 10;
const TICK_MS = 100;

/**
 * The service of one pod, as far as the controller asks it: `POST /predict` and `GET /metrics`. An image is the text of
 * its label. While {@link isInService}, users come by themselves: they are only counted.
 */
export class PodService {
  isInService = false;
  readonly #behaviour: Behaviour;
  readonly #digest: string;
  readonly #model: string;
  #ok = 0;
  #failed = 0;
  #cats = 0;
  #fast = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #server = createServer((request, response) => {
    if (request.url === '/metrics') {
      response.end(this.#metrics());
      return;
    }
    if (request.url === '/readyz') {
      // Only pods that are not ready are asked.
      response.writeHead(503).end(JSON.stringify({ ready: false, code: 'MODEL_LOADING', reason: 'it takes for ever' }));
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      setTimeout(() => {
        const isCat = Buffer.concat(chunks).toString().startsWith('cat') !== this.#behaviour.isWrong;
        this.#count(1, isCat ? 1 : 0, 0, 0.02);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ label: isCat ? 'cat' : 'dog', confidence: 0.9, model_digest: this.#digest }));
      }, this.#behaviour.answerMs);
    });
  });

  constructor(model: string, digest: string, behaviour: Behaviour) {
    this.#model = model;
    this.#digest = digest;
    this.#behaviour = behaviour;
  }

  async listen(address: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, resolve);
    });
    this.#timer = setInterval(() => {
      if (!this.isInService) return;
      const { errors, cats, latency } = this.#behaviour;
      const failed = Math.round(PER_TICK * errors);
      this.#count(PER_TICK - failed, Math.round((PER_TICK - failed) * cats), failed, latency);
    }, TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #count(ok: number, cats: number, failed: number, latency: number): void {
    this.#ok += ok;
    this.#cats += cats;
    this.#failed += failed;
    if (latency <= 0.05) this.#fast += ok + failed;
  }

  /** Latencies are told apart only as fast (25 to 50 ms) and slow (250 to 500 ms). */
  #metrics(): string {
    const name = (metric: keyof typeof inferenceMetrics) => metricName(this.#model, inferenceMetrics[metric]);
    const all = this.#ok + this.#failed;
    const upTo = (edge: number) => (edge < 0.05 ? 0 : edge < 0.5 ? this.#fast : all);
    return [
      `# HELP ${name('requestTotal')} Requests.`,
      `${name('requestTotal')}{endpoint="/predict",status="200"} ${this.#ok}`,
      `${name('requestTotal')}{endpoint="/predict",status="500"} ${this.#failed}`,
      `${name('requestTotal')}{endpoint="/readyz",status="503"} 1000`,
      ...EDGES.map((edge) => `${name('requestLatency')}_bucket{endpoint="/predict",le="${edge}"} ${upTo(edge)}`),
      `${name('requestLatency')}_bucket{endpoint="/predict",le="+Inf"} ${all}`,
      `${name('predictionLabel')}{label="cat"} ${this.#cats}`,
      `${name('predictionLabel')}{label="dog"} ${this.#ok - this.#cats}`,
      '',
    ].join('\n');
  }
}
