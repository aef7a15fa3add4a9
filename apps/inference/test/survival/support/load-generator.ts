/**
 * A process of its own that posts one file again and again and prints what came back, one line of JSON: a load generator
 * inside the test's process would share its event loop with whatever else the test measures.
 *
 *   node load-generator.ts <url> <file> closed <concurrency> <milliseconds>
 *   node load-generator.ts <url> <file> open <requests per second> <milliseconds>
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What came back. */
export interface LoadResult {
  /** Requests sent. */
  readonly sent: number;
  /** Answers by status. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Requests without an answer, by the error's code. */
  readonly broken: Readonly<Record<string, number>>;
  /** Answers of 429 and 503 without Retry-After. */
  readonly withoutRetryAfter: number;
  /** Milliseconds from sending to the end of the answer, of the answers of 200. */
  readonly acceptedMs: readonly number[];
  /** Milliseconds from the first request to the last answer. */
  readonly elapsedMs: number;
}

const [url = '', file = '', mode = '', amount = '', duration = ''] = process.argv.slice(2);
const body = readFileSync(file);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const byStatus: Record<string, number> = {};
const broken: Record<string, number> = {};
const acceptedMs: number[] = [];
let sent = 0;
let withoutRetryAfter = 0;

/** One request; resolves when its answer is read, or it failed. */
function post(): Promise<void> {
  sent += 1;
  const begin = performance.now();
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      broken[error.code ?? error.message] = (broken[error.code ?? error.message] ?? 0) + 1;
      resolve();
    };
    const headers = { 'content-type': 'image/jpeg', 'content-length': body.byteLength };
    const outgoing = request(`${url}/predict`, { method: 'POST', agent, headers }, (response) => {
      const status = response.statusCode ?? 0;
      if ((status === 429 || status === 503) && response.headers['retry-after'] === undefined) withoutRetryAfter += 1;
      response.on('error', fail);
      response.on('end', () => {
        byStatus[status] = (byStatus[status] ?? 0) + 1;
        if (status === 200) acceptedMs.push(performance.now() - begin);
        resolve();
      });
      response.resume();
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

const begin = performance.now();
const end = begin + Number(duration);
if (mode === 'closed') {
  const lane = async (): Promise<void> => {
    while (performance.now() < end) await post();
  };
  await Promise.all(Array.from({ length: Number(amount) }, lane));
} else {
  const pending: Promise<void>[] = [];
  const perMs = Number(amount) / 1000;
  // The schedule is kept by the clock, not by the answers: what is late is sent at once.
  for (let now = begin; now < end; now = performance.now()) {
    while (sent < (now - begin) * perMs) pending.push(post());
    await sleep(1);
  }
  await Promise.all(pending);
}
const result: LoadResult = {
  sent,
  byStatus,
  broken,
  withoutRetryAfter,
  acceptedMs,
  elapsedMs: performance.now() - begin,
};
process.stdout.write(JSON.stringify(result), () => process.exit(0));
