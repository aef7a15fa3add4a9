/**
 * Closed-loop load from a process of its own: `concurrency` clients post photographs, each the next one as soon as it has
 * its answer. Whole rounds over the photographs, so that the mix is the same whatever the speed. Prints one JSON line.
 *
 *   node bench/load-client.ts '{"url":...,"photos":...,"concurrency":8,"seconds":10}'
 */
import { Agent, request } from 'undici';
import { readPhotos } from './photos.ts';

/** What the client is told. */
export interface LoadOrder {
  readonly url: string;
  /** Folder. */
  readonly photos: string;
  readonly concurrency: number;
  readonly seconds: number;
}

/** What it saw. */
export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  /** Answers by HTTP status; `error` counts connections that broke. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds, of answered requests. */
  readonly latency: Quantiles;
  /** Milliseconds, of GET /livez every 100 ms meanwhile. */
  readonly livez: Quantiles;
  /** CPU milliseconds of this process a request. */
  readonly clientCpuMs: number;
}

/** Quantiles of a sample. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  readonly count: number;
}

function quantiles(sample: number[]): Quantiles {
  const sorted = sample.sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
  return {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    mean: sorted.reduce((a, b) => a + b, 0) / sorted.length,
    count: sorted.length,
  };
}

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
const boundary = 'pawl-bench';
const bodies = readPhotos(order.photos).map(({ name, bytes }) =>
  Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name.replaceAll('/', '-')}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]),
);
const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
const dispatcher = new Agent({ connections: order.concurrency, pipelining: 1 });
const statuses: Record<string, number> = {};
const latencies: number[] = [];
const livez: number[] = [];

async function post(body: Buffer): Promise<void> {
  const begin = performance.now();
  try {
    const response = await request(`${order.url}/predict`, { method: 'POST', body, headers, dispatcher });
    await response.body.dump();
    statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
    latencies.push(performance.now() - begin);
  } catch {
    statuses['error'] = (statuses['error'] ?? 0) + 1;
  }
}

const finished = new AbortController();
const probe = (async () => {
  const agent = new Agent({ connections: 1 });
  while (!finished.signal.aborted) {
    const begin = performance.now();
    const { body } = await request(`${order.url}/livez`, { dispatcher: agent });
    await body.dump();
    livez.push(performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await agent.close();
})();

// One unmeasured round: connections, caches, just-in-time compilation.
for (const body of bodies) await post(body);
latencies.length = 0;
livez.length = 0;
for (const status of Object.keys(statuses)) statuses[status] = 0;

const begin = performance.now();
const cpu = process.cpuUsage();
let next = 0;
let limit = bodies.length;
await Promise.all(
  Array.from({ length: order.concurrency }, async () => {
    for (;;) {
      if (next >= limit) {
        if (performance.now() - begin > order.seconds * 1000) return;
        limit += bodies.length;
      }
      await post(bodies[next++ % bodies.length] as Buffer);
    }
  }),
);
const seconds = (performance.now() - begin) / 1000;
const used = process.cpuUsage(cpu);
finished.abort();
await probe;
const report: LoadReport = {
  requests: next,
  seconds,
  statuses,
  latency: quantiles(latencies),
  livez: quantiles(livez),
  clientCpuMs: (used.user + used.system) / 1000 / next,
};
console.log(JSON.stringify(report));
await dispatcher.close();
