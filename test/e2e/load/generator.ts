/**
 * Sends photographs to `POST /predict` of one address at a fixed rate and records what became of every one. Runs on any
 * Node >= 22.18 with nothing installed, in a pod that may write nowhere:
 *
 *   node generator.ts http://ADDRESS:PORT PHOTOGRAPH... (a photograph that is named twice is sent twice as often)
 *
 * Open loop: a slow answer holds nothing up. Half of the requests have a connection of their own; the others share
 * connections that are kept for {@link REQUESTS_PER_CONNECTION} requests. Every other one is multipart.
 *
 * `GET /report?from=N` on LOAD_PORT tells the records from the N-th on; `POST /rate?value=R` changes the rate. On SIGTERM
 * it waits for what is in flight, prints one line of totals and ends.
 */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request, type ClientRequest } from 'node:http';
import { basename } from 'node:path';

/**
 * What became of one request. `ok` is a complete 200; `busy` and `stalled` were told to come again, the first by 429, the second
 * by 503 because no CPU was left for a picture that was begun; `own` is a fault of this program or its machine; the others
 * were lost.
 */
const outcomes = [
  'ok',
  'busy',
  'stalled',
  'own',
  'refused',
  'unreachable',
  'reset',
  'timeout',
  'truncated',
  'status',
  'garbled',
] as const;
export type Outcome = (typeof outcomes)[number];
/** After these a connection is whole. */
const ANSWERED = new Set<Outcome>(['ok', 'busy', 'stalled']);

/** Milliseconds since `startedAt` of the start, milliseconds it took, index into `outcomes`, `digests` and `labels`; -1 is none. */
export type LoadRecord = readonly [at: number, took: number, outcome: number, digest: number, label: number];

/** What `/report` answers. */
export interface RawReport {
  /** Milliseconds since the epoch, by the clock of this program. */
  readonly startedAt: number;
  readonly now: number;
  readonly rate: number;
  /** Requests whose outcome is not known yet, and when the oldest of them was sent (ms since `startedAt`). */
  readonly pending: number;
  readonly pendingSince: number | null;
  /** Requests that were due and not sent: too many in flight, or this program was late itself. */
  readonly notSent: { readonly full: number; readonly late: number };
  readonly total: number;
  readonly outcomes: readonly Outcome[];
  readonly digests: readonly string[];
  readonly labels: readonly string[];
  readonly records: readonly LoadRecord[];
  /** The first {@link MAX_FAILURES} of what was not ok, in words. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly at: number;
  readonly outcome: Outcome;
  readonly reason: string;
  /** Whether the connection had carried a request before. */
  readonly reused: boolean;
}

const REQUESTS_PER_CONNECTION = 25;
const MAX_KEPT_CONNECTIONS = 32;
const MAX_IDLE_MS = 3_000;
const MAX_FAILURES = 500;
const MAX_RECORDS = 500_000;
const BOUNDARY = 'pawl-load-6f1d0c';

/** Errors that say something about this machine and nothing about the service. */
const OWN_ERRORS = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'EADDRINUSE', 'EAI_AGAIN']);
const BY_ERROR: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  ETIMEDOUT: 'timeout',
};

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const port = setting('LOAD_PORT', 8080);
const timeoutMs = setting('LOAD_TIMEOUT_MS', 10_000);
const maxInFlight = setting('LOAD_MAX_IN_FLIGHT', 128);
/** What the target routes by, when that is not its address. */
const hostHeader = process.env['LOAD_HOST'] === undefined ? {} : { host: process.env['LOAD_HOST'] };
let rate = setting('LOAD_RATE', 15);

const [address = '', ...files] = process.argv.slice(2);
const target = new URL('/predict', address);
if (files.length === 0) throw new Error('name at least one photograph');

interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}
const bodies = files.map((file): { readonly raw: Body; readonly multipart: Body } => {
  const bytes = readFileSync(file);
  const type = file.endsWith('.png') ? 'image/png' : 'image/jpeg';
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${basename(file)}"\r\nContent-Type: ${type}\r\n\r\n`;
  return {
    raw: { type, bytes },
    multipart: {
      type: `multipart/form-data; boundary=${BOUNDARY}`,
      bytes: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
    },
  };
});

const startedAt = Date.now();
const began = performance.now();
/** Milliseconds since `startedAt`; never goes back. */
const clock = () => Math.round(performance.now() - began);

const records: LoadRecord[] = [];
const failures: Failure[] = [];
const digests: string[] = [];
const labels: string[] = [];
const notSent = { full: 0, late: 0 };
const pending = new Map<number, number>();
let sent = 0;

function indexIn(list: string[], value: string | undefined): number {
  if (value === undefined) return -1;
  const known = list.indexOf(value);
  return known >= 0 ? known : list.push(value) - 1;
}

/** A connection that is kept for several requests. */
interface Kept {
  readonly agent: Agent;
  requests: number;
  busy: boolean;
  lastUsed: number;
}
const kept = new Set<Kept>();

/**
 * The idle connection that was used longest ago. One that idled for as long as usual clients keep it (undici: 4 s) is
 * closed instead: who sends on a connection just as the server closes it for idleness loses a request by his own doing,
 * and a service that drains for longer than its clients idle sees every connection once more.
 */
function takeKept(): Kept | undefined {
  const now = performance.now();
  const idle = [...kept].filter(({ busy }) => !busy).sort((a, b) => a.lastUsed - b.lastUsed);
  for (const connection of idle) {
    if (now - connection.lastUsed < MAX_IDLE_MS) return connection;
    close(connection);
  }
  if (kept.size >= MAX_KEPT_CONNECTIONS) return undefined;
  const fresh = { agent: new Agent({ keepAlive: true, maxSockets: 1 }), requests: 0, busy: false, lastUsed: now };
  kept.add(fresh);
  return fresh;
}

function close(connection: Kept): void {
  kept.delete(connection);
  connection.agent.destroy();
}

function giveBack(connection: Kept, broken: boolean): void {
  connection.busy = false;
  connection.requests += 1;
  connection.lastUsed = performance.now();
  if (broken || connection.requests >= REQUESTS_PER_CONNECTION) close(connection);
}

interface Result {
  readonly outcome: Outcome;
  readonly reason?: string;
  readonly digest?: string | undefined;
  readonly label?: string | undefined;
}

function send(photo: number, multipart: boolean, keep: boolean): void {
  const id = sent;
  sent += 1;
  const at = clock();
  pending.set(id, at);
  const connection = keep ? takeKept() : undefined;
  if (connection !== undefined) connection.busy = true;
  const body = bodies[photo]?.[multipart ? 'multipart' : 'raw'];
  if (body === undefined) throw new RangeError(`there is no photograph ${photo}`);
  const call = request(target, {
    method: 'POST',
    agent: connection?.agent ?? false,
    headers: { ...hostHeader, 'content-type': body.type, 'content-length': body.bytes.length },
  });
  const settle = (result: Result) => {
    if (!pending.delete(id)) return;
    clearTimeout(timer);
    const reused = call.reusedSocket;
    const { outcome, reason, digest, label } = mine(result);
    if (connection !== undefined) giveBack(connection, !ANSWERED.has(outcome));
    if (records.length < MAX_RECORDS)
      records.push([at, clock() - at, outcomes.indexOf(outcome), indexIn(digests, digest), indexIn(labels, label)]);
    if (outcome !== 'ok' && failures.length < MAX_FAILURES)
      failures.push({ at, outcome, reason: reason ?? outcome, reused });
  };
  const timer = setTimeout(() => {
    settle({ outcome: 'timeout', reason: `no whole answer within ${timeoutMs} ms` });
    call.destroy();
  }, timeoutMs);
  listen(call, settle);
  call.end(body.bytes);
}

function listen(call: ClientRequest, settle: (result: Result) => void): void {
  let begun = false;
  call.on('error', (error: Error & { code?: string }) => {
    const code = error.code ?? '';
    // Node tells a reset in the middle of an answer to the request, not to the response.
    const cut = begun ? 'truncated' : 'reset';
    const outcome = OWN_ERRORS.has(code) ? 'own' : (BY_ERROR[code] ?? cut);
    settle({ outcome, reason: `${code} ${error.message}`.trim() });
  });
  call.on('response', (response) => {
    begun = true;
    const chunks: Buffer[] = [];
    const cut = (why: string) => {
      settle({
        outcome: 'truncated',
        reason: `${response.statusCode ?? 0}, then ${why} after ${chunks.length} chunks`,
      });
    };
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', (error) => {
      cut(error.message);
    });
    response.on('close', () => {
      if (!response.complete) cut('closed');
    });
    response.on('end', () => {
      // Node ends an incomplete answer by 'aborted' and 'error', never here.
      settle(read(response.statusCode ?? 0, response.headers['retry-after'], Buffer.concat(chunks).toString()));
    });
  });
}

function read(status: number, retryAfter: string | undefined, text: string): Result {
  if (status === 429) return { outcome: 'busy', reason: text.slice(0, 200) };
  if (status === 503 && retryAfter !== undefined && text.includes('"SERVICE_STALLED"'))
    return { outcome: 'stalled', reason: text.slice(0, 200) };
  if (status !== 200) return { outcome: 'status', reason: `${status} ${text.slice(0, 300)}` };
  try {
    const { label, model_digest: digest } = JSON.parse(text) as Record<string, unknown>;
    if (typeof label === 'string' && typeof digest === 'string') return { outcome: 'ok', label, digest };
  } catch {
    // Said below.
  }
  return { outcome: 'garbled', reason: `200 without an answer: ${text.slice(0, 200)}` };
}

/** When this program itself did not run, and for how long, ms: a busy machine, a frozen container. */
const standstills: { readonly at: number; readonly ms: number }[] = [];
const BEAT_MS = 250;
let lastBeat = clock();
setInterval(() => {
  const now = clock();
  const ms = now - lastBeat - BEAT_MS;
  if (ms > BEAT_MS) standstills.push({ at: now, ms });
  if (standstills.length > 100) standstills.shift();
  lastBeat = now;
}, BEAT_MS);

/** A timeout while this program stood still for a good part of it is its own fault. */
function mine(result: Result): Result {
  if (result.outcome !== 'timeout') return result;
  const since = clock() - timeoutMs;
  const ms = standstills
    .filter(({ at }) => at >= since)
    .reduce((sum, each) => sum + each.ms, Math.max(0, clock() - lastBeat - BEAT_MS));
  if (ms < timeoutMs / 4) return result;
  return { outcome: 'own', reason: `${result.reason ?? ''}, but this program stood still for ${ms} ms meanwhile` };
}

/** The same numbers on every run (mulberry32): photographs must not fall into step with the kinds of connection. */
let seed = 42;
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}

/** Every photograph once in random order, then again. */
let deck: number[] = [];
function nextPhoto(): number {
  if (deck.length === 0)
    deck = bodies
      .map((_, photo) => ({ photo, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ photo }) => photo);
  return deck.pop() ?? 0;
}

let due = clock();
let turn = 0;
let schedule: NodeJS.Timeout | undefined;
function tick(): void {
  const now = clock();
  for (; due <= now; due += 1000 / rate) {
    // What is long due belongs to a time when this program did not run; sending it now would be a burst.
    if (now - due > 1000) notSent.late += 1;
    else if (pending.size >= maxInFlight) notSent.full += 1;
    else send(nextPhoto(), turn % 2 === 1, turn % 4 < 2);
    turn += 1;
  }
  schedule = setTimeout(tick, Math.max(1, due - clock()));
}
if (rate > 0) tick();

function setRate(value: number): void {
  clearTimeout(schedule);
  rate = value;
  due = clock();
  if (rate > 0) tick();
}

function report(from: number): RawReport {
  const [oldest] = pending.values();
  const total = records.length;
  return {
    ...{ startedAt, now: clock(), rate, pending: pending.size, pendingSince: oldest ?? null, notSent, total },
    ...{ outcomes, digests, labels, records: records.slice(from), failures },
  };
}

const server = createServer((incoming, response) => {
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const rateWanted = Number(url.searchParams.get('value') ?? NaN);
  if (incoming.method === 'POST' && url.pathname === '/rate' && rateWanted >= 0 && rateWanted <= 1000) {
    setRate(rateWanted);
    response.end(JSON.stringify({ rate }));
  } else if (incoming.method === 'GET' && url.pathname === '/report') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(report(Number(url.searchParams.get('from') ?? 0))));
  } else {
    response.statusCode = 404;
    response.end();
  }
});
server.listen(port, () => {
  const bound = server.address();
  console.log(
    JSON.stringify({
      message: 'load started',
      target: target.href,
      rate,
      port: typeof bound === 'object' ? bound?.port : bound,
    }),
  );
});

process.once('SIGTERM', () => {
  setRate(0);
  const end = setInterval(() => {
    if (pending.size > 0) return;
    clearInterval(end);
    const { records: all, failures: some, ...totals } = report(0);
    const counts = Object.fromEntries(
      outcomes.map((name, index) => [name, all.filter((record) => record[2] === index).length]),
    );
    console.log(JSON.stringify({ message: 'load ended', ...totals, counts, failures: some.slice(0, 20) }));
    process.exit(0);
  }, 50);
});
