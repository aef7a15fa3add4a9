/**
 * Load from a process of its own, for any server. Prints one JSON line.
 *
 *   node bench/peers/client.ts '{"mode":"closed","url":...,"kind":"multipart","photos":...,"concurrency":8,"seconds":3}'
 *
 * - `labels`: every photograph once, until the server is there: the labels.
 * - `closed`: clients of which each sends its next photograph when it has its answer. They begin 10 ms apart, so that a
 *   server that gives connections to its processes does not give all to one.
 * - `open`: photographs at a rate, whatever becomes of them; the client gives each up after a while.
 */
import { Agent, request } from 'undici';
import { readPhotos } from '../photos.ts';
import { labelOf, type Payload, payloadOf, type PayloadKind } from './payload.ts';

/** What the client is told. */
export interface PeerOrder {
  readonly mode: 'labels' | 'closed' | 'open';
  readonly url: string;
  readonly kind: PayloadKind;
  /** Folder. */
  readonly photos: string;
  readonly concurrency?: number;
  /** Requests a second. */
  readonly rate?: number;
  readonly seconds?: number;
}

/** What it saw. */
export interface PeerReport {
  /** Of each photograph, in order; `labels` only. */
  readonly labels: readonly (string | undefined)[];
  /** Requests that ended in the measured time. */
  readonly requests: number;
  /** From the first of them to the end of the last. */
  readonly seconds: number;
  /** By HTTP status; `timeout` was given up, `error` is a broken connection. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Of good answers, ms. */
  readonly p99Ms: number;
  readonly meanMs: number;
}

const BEGIN_APART_MS = 10;
const START_TIMEOUT_MS = 90_000;
/** Long enough for every server's queue in a closed loop, and what a person waits in an open one; ms. */
const GIVE_UP_MS = { labels: 10_000, closed: 30_000, open: 5_000 };
const MAX_OUTSTANDING = 1_500;

const order = JSON.parse(process.argv[2] ?? '{}') as PeerOrder;
const { concurrency = 1, rate = 1, seconds = 3 } = order;
const payloads = readPhotos(order.photos).map((photo) => payloadOf(order.kind, photo));
const connections = order.mode === 'open' ? MAX_OUTSTANDING : concurrency;
const dispatcher = new Agent({ connections, pipelining: 1 });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const payload = (index: number) => payloads[index % payloads.length] as Payload;

let outcomes: Record<string, number> = {};
let latencies: number[] = [];

/** Sends one, counts how it ended, and gives the text of a good answer. */
async function post({ body, headers }: Payload): Promise<string | undefined> {
  const begin = performance.now();
  const signal = AbortSignal.timeout(GIVE_UP_MS[order.mode]);
  let outcome = 'error';
  let text: string | undefined;
  try {
    const response = await request(order.url, { method: 'POST', body, headers, dispatcher, signal });
    const answer = await response.body.text();
    outcome = String(response.statusCode);
    if (response.statusCode === 200) {
      text = answer;
      latencies.push(performance.now() - begin);
    }
  } catch {
    if (signal.aborted) outcome = 'timeout';
  }
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return text;
}

async function readLabels(): Promise<(string | undefined)[]> {
  const end = performance.now() + START_TIMEOUT_MS;
  while ((await post(payload(0))) === undefined && performance.now() < end) await pause(100);
  outcomes = {};
  const labels: (string | undefined)[] = [];
  for (const each of payloads) {
    const text = await post(each);
    labels.push(text === undefined ? undefined : labelOf(order.kind, text));
  }
  return labels;
}

async function closedLoop(): Promise<number> {
  let next = 0;
  let measured = Infinity;
  const clients = Array.from({ length: concurrency }, async (_, client) => {
    await pause(client * BEGIN_APART_MS);
    // One unmeasured: connections, and a server that has slept.
    await post(payload(client));
    if (client === concurrency - 1) {
      [outcomes, latencies, measured] = [{}, [], performance.now()];
    }
    while (performance.now() - measured < seconds * 1000) await post(payload(next++));
  });
  await Promise.all(clients);
  return performance.now() - measured;
}

async function openLoop(): Promise<number> {
  const begin = performance.now();
  const outstanding = new Set<Promise<unknown>>();
  for (let sent = 0; performance.now() - begin < seconds * 1000; sent++) {
    await pause(begin + (sent * 1000) / rate - performance.now());
    if (outstanding.size >= MAX_OUTSTANDING) continue;
    const one = post(payload(sent)).finally(() => outstanding.delete(one));
    outstanding.add(one);
  }
  await Promise.all(outstanding);
  return performance.now() - begin;
}

const labels = order.mode === 'labels' ? await readLabels() : [];
const ms = order.mode === 'closed' ? await closedLoop() : order.mode === 'open' ? await openLoop() : 0;
const sorted = latencies.sort((a, b) => a - b);
const report: PeerReport = {
  labels,
  requests: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
  seconds: ms / 1000,
  outcomes,
  p99Ms: sorted[Math.min(sorted.length - 1, Math.floor(0.99 * sorted.length))] ?? NaN,
  meanMs: sorted.reduce((a, b) => a + b, 0) / sorted.length,
};
console.log(JSON.stringify(report));
process.exit(0);
