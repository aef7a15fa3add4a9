import { logEvidenceOfDrift, sampleRadius } from '../statistics/drift-evidence.ts';
import { logMeanExp, logSumExp } from '../statistics/special-functions.ts';
import type { WatchedStatistic } from './watched-statistic.ts';

/**
 * Divergence from the reference that is no drift, in nats, beside what the reference's own size leaves open. A mix of 60/40
 * where 50/50 was expected diverges by 0.02.
 */
const TOLERANCE = 0.02;
/** Starts that are kept: a change is found however long the calm before it was, since some start lies shortly before it. */
export const STARTS = 24;
/** Between two starts, milliseconds. */
export const START_EVERY_MS = 3_600_000;
/**
 * Evidence that is an alarm. A process without drift reaches it once in so many starts at most, on average (Shin, Ramdas and
 * Rinaldo, "E-detectors", arXiv:2203.03532): once in 1,000 hours of serving.
 */
export const ALARM_EVIDENCE = 1000;

/** Evidence of drift, as the natural logarithm of an e-value, summed over the starts. */
export interface DriftEvidence {
  /** Mean of the statistics: what is compared with {@link ALARM_EVIDENCE}. */
  readonly all: number;
  /** By name of the statistic: what is to blame. */
  readonly byStatistic: ReadonlyMap<string, number>;
}

/** Divergence within which a mix still passes for the reference of a statistic, in nats. */
export function radiusOf({ reference }: Pick<WatchedStatistic, 'reference'>, tolerance = TOLERANCE): number {
  const pictures = reference.reduce((sum, count) => sum + count, 0);
  return tolerance + sampleRadius(pictures, reference.length);
}

/** Pure: the evidence of some statistics together, which is valid however they depend on each other. */
const combined = (evidence: Iterable<number>): number => {
  const each = [...evidence];
  return each.length === 0 ? -Infinity : logMeanExp(each);
};

/**
 * Finds that pictures or answers are no longer like those of the reference, whenever that begins: an e-process over the bins
 * of each statistic, started anew every hour, of which the last {@link STARTS} are summed. Its state is a table of counts,
 * whose size does not depend on what is observed.
 */
export class DriftDetector {
  readonly #watched: readonly WatchedStatistic[];
  readonly #radii: readonly number[];
  readonly #monotonic: () => number;
  /** Counts since each start and before the next, the newest last; then by statistic and bin. */
  #slots: number[][][];
  #startedAt: number;

  /** @param monotonic milliseconds that never go back: a clock that is set changes nothing. */
  constructor(watched: readonly WatchedStatistic[], monotonic: () => number, tolerance = TOLERANCE) {
    this.#watched = watched;
    this.#radii = watched.map((statistic) => radiusOf(statistic, tolerance));
    this.#monotonic = monotonic;
    this.#slots = [this.#emptySlot()];
    this.#startedAt = monotonic();
  }

  /** Counts one picture. @param bins of each watched statistic; undefined: the picture does not have it. */
  observe(bins: readonly (number | undefined)[]): void {
    this.#startAnew();
    const slot = this.#slots.at(-1);
    for (const [statistic, bin] of bins.entries()) {
      const counts = slot?.[statistic];
      if (bin !== undefined && counts?.[bin] !== undefined) counts[bin] += 1;
    }
  }

  /** Counts pictures that others put into bins, such as several processes: by watched statistic and bin, one count each. */
  add(counts: readonly (readonly number[])[]): void {
    this.#startAnew();
    const slot = this.#slots.at(-1);
    for (const [statistic, ofBins] of counts.entries())
      for (const [bin, count] of ofBins.entries()) {
        const known = slot?.[statistic];
        if (known?.[bin] !== undefined) known[bin] += count;
      }
  }

  /** The evidence now. Takes about a millisecond for ten statistics. */
  evidence(): DriftEvidence {
    this.#startAnew();
    const byStatistic = new Map(
      this.#watched.map(({ name, reference }, statistic) => {
        const since = reference.map(() => 0);
        const ofStarts: number[] = [];
        for (const slot of this.#slots.toReversed()) {
          for (const [bin, count] of (slot[statistic] ?? []).entries()) since[bin] = (since[bin] ?? 0) + count;
          ofStarts.push(logEvidenceOfDrift(since, reference, this.#radii[statistic] ?? TOLERANCE));
        }
        return [name, logSumExp(ofStarts)];
      }),
    );
    return { all: combined(byStatistic.values()), byStatistic };
  }

  /** Starts as often as the time since the last start asks for. */
  #startAnew(): void {
    const due = Math.floor((this.#monotonic() - this.#startedAt) / START_EVERY_MS);
    if (due <= 0) return;
    this.#startedAt += due * START_EVERY_MS;
    for (let start = 0; start < Math.min(due, STARTS); start++) this.#slots.push(this.#emptySlot());
    this.#slots = this.#slots.slice(-STARTS);
  }

  #emptySlot(): number[][] {
    return this.#watched.map(({ bins }) => bins.map(() => 0));
  }
}
