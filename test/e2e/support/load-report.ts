import type { Failure, LoadRecord, Outcome, RawReport } from '../load/generator.ts';

/** One request, with names instead of indexes. */
export interface Sample {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly tookMs: number;
  readonly outcome: Outcome;
  readonly digest: string | undefined;
  readonly label: string | undefined;
}

/** What one bundle answered. */
interface DigestReport {
  readonly requests: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** When the first and the last request that it answered was sent. */
  readonly first: number;
  readonly last: number;
}

/** A stretch of load: every request that was sent in it. */
export interface LoadReport {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sent: number;
  readonly ok: number;
  /** Answered with 429. */
  readonly busy: number;
  /** Answered with 503 and when to come again: a picture was begun, and no CPU was left for it. */
  readonly stalled: number;
  /** No whole, sensible answer: refused, unreachable, reset, timeout, truncated, another status, or garbled. */
  readonly lost: number;
  readonly lostBy: Readonly<Partial<Record<Outcome, number>>>;
  /** Failed by a fault of the generator or its machine. */
  readonly own: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly byDigest: Readonly<Record<string, DigestReport>>;
  readonly failures: readonly Failure[];
}

/** The records of a raw report, with names. */
export function samplesOf(
  raw: Pick<RawReport, 'outcomes' | 'digests' | 'labels'>,
  records: readonly LoadRecord[],
): Sample[] {
  return records.map(([at, tookMs, outcome, digest, label]) => ({
    at,
    tookMs,
    outcome: raw.outcomes[outcome] ?? 'garbled',
    digest: raw.digests[digest],
    label: raw.labels[label],
  }));
}

/** Sums up the requests that were sent in [fromMs, toMs). */
export function summarize(
  samples: readonly Sample[],
  failures: readonly Failure[],
  fromMs = 0,
  toMs = Infinity,
): LoadReport {
  const within = ({ at }: { readonly at: number }) => at >= fromMs && at < toMs;
  const chosen = samples.filter(within);
  const lost = chosen.filter(({ outcome }) => isLost(outcome));
  const answered = chosen.filter(({ outcome }) => outcome === 'ok');
  const digests = [...new Set(answered.flatMap(({ digest }) => digest ?? []))];
  return {
    fromMs,
    toMs,
    sent: chosen.length,
    ok: answered.length,
    busy: chosen.filter(({ outcome }) => outcome === 'busy').length,
    stalled: chosen.filter(({ outcome }) => outcome === 'stalled').length,
    lost: lost.length,
    lostBy: countBy(lost.map(({ outcome }) => outcome)),
    own: chosen.filter(({ outcome }) => outcome === 'own').length,
    ...percentiles(answered),
    byDigest: Object.fromEntries(
      digests.map((digest) => {
        const mine = answered.filter((sample) => sample.digest === digest);
        const times = mine.map(({ at }) => at);
        return [
          digest,
          {
            requests: mine.length,
            labels: countBy(mine.map(({ label }) => label ?? '')),
            ...percentiles(mine),
            first: Math.min(...times),
            last: Math.max(...times),
          },
        ];
      }),
    ),
    failures: failures.filter(within),
  };
}

/** Share of the answers that a bundle gave, 0 to 1. */
export function shareOf(report: LoadReport, digest: string): number {
  return report.ok === 0 ? 0 : (report.byDigest[digest]?.requests ?? 0) / report.ok;
}

/** Share of a label among the answers of a bundle, 0 to 1. */
export function labelShare(report: LoadReport, digest: string, label: string): number {
  const of = report.byDigest[digest];
  return of === undefined ? 0 : (of.labels[label] ?? 0) / of.requests;
}

/** Answers a second by bundle: rows of `second, digest, requests`, for the report of a failure. */
export function perSecond(samples: readonly Sample[], fromMs = 0, toMs = Infinity): string[] {
  const rows = new Map<number, string[]>();
  for (const { at, digest, outcome } of samples) {
    if (at < fromMs || at >= toMs) continue;
    const second = Math.floor(at / 1000);
    rows.set(second, [...(rows.get(second) ?? []), digest === undefined ? outcome : digest.slice(7, 13)]);
  }
  return [...rows]
    .sort(([a], [b]) => a - b)
    .map(
      ([second, what]) =>
        `${second} s: ${Object.entries(countBy(what))
          .map(([name, n]) => `${name} ${n}`)
          .join(', ')}`,
    );
}

/** Outcomes in which the sender knows where it stands: an answer, or when to come again. */
const NOT_LOST: ReadonlySet<Outcome> = new Set(['ok', 'busy', 'stalled', 'own']);
const isLost = (outcome: Outcome) => !NOT_LOST.has(outcome);

function percentiles(samples: readonly Sample[]): { readonly p50Ms: number; readonly p95Ms: number } {
  const sorted = samples.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}

function countBy<K extends string>(names: readonly K[]): Partial<Record<K, number>> & Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts as Partial<Record<K, number>> & Record<string, number>;
}
