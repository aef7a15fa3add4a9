import { median } from '../statistics.ts';
import type { PeerServer } from './peer-server.ts';

/** One closed-loop turn of one server. */
export interface PeerTurn {
  readonly concurrency: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** CPU time of the process tree an image, ms. */
  readonly cpuMs: number;
  /** Of the process tree after the turn, MB. */
  readonly memoryMb: number;
  /** Not answered with 200. */
  readonly failed: number;
}

/** What becomes of requests that come four times as fast as they are answered. */
export interface Overload {
  /** Requests a second that were sent. */
  readonly rate: number;
  /** Answers with 200 a second, until the last request had ended. */
  readonly goodPerSecond: number;
  readonly good: number;
  /** Refused at once: 429 or 503. */
  readonly refused: number;
  /** Given up by the client. */
  readonly timedOut: number;
  readonly other: number;
  readonly p99Ms: number;
}

/** Times as many requests as it answers. */
const OVERLOAD = 4;
const OVERLOAD_SECONDS = 4;

/** One turn: `concurrency` clients for some seconds. */
export async function measureTurn(
  server: PeerServer,
  photos: string,
  concurrency: number,
  seconds: number,
): Promise<PeerTurn> {
  const before = server.cpuMs;
  const report = await server.load({ mode: 'closed', photos, concurrency, seconds });
  const good = report.outcomes['200'] ?? 0;
  if (good === 0) throw new Error(`no good answer, but ${JSON.stringify(report.outcomes)}`);
  return {
    concurrency,
    // A refusal is quick.
    perSecond: good / report.seconds,
    p99Ms: report.p99Ms,
    // Each client's unmeasured request costs the server as well.
    cpuMs: (server.cpuMs - before) / (report.requests + concurrency),
    memoryMb: server.memoryMb,
    failed: report.requests - good,
  };
}

/** Four times the rate of its own turns. */
export async function measureOverload(
  server: PeerServer,
  photos: string,
  turns: readonly PeerTurn[],
): Promise<Overload> {
  const rate = OVERLOAD * median(turns.map(({ perSecond }) => perSecond));
  const { outcomes, requests, seconds, p99Ms } = await server.load({
    mode: 'open',
    photos,
    rate,
    seconds: OVERLOAD_SECONDS,
  });
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (outcomes[name] ?? 0), 0);
  const [good, refused, timedOut] = [count('200'), count('429', '503'), count('timeout')];
  const other = requests - good - refused - timedOut;
  return { rate, goodPerSecond: good / seconds, good, refused, timedOut, other, p99Ms };
}
