import type { ShareInterval } from '../statistics/share-interval.ts';
import { shareSequence } from '../statistics/share-sequence.ts';

/** Between two starts, milliseconds, at least: an hour without feedback has none. */
export const START_EVERY_MS = 3_600_000;
/** Chance that the interval of one start is ever wrong: of 1,000 starts one at most, on average. */
const START_ALPHA = 0.001;
/** Stretches of about one length that are kept apart; of more, the two oldest become one of twice the length. */
const PER_RANK = 4;

/** The feedback between two starts. */
interface Stretch {
  readonly right: number;
  readonly of: number;
  /** log2 of the stretches that were put together. */
  readonly rank: number;
}

const EMPTY: Stretch = { right: 0, of: 0, rank: 0 };

/**
 * Bounds of the accuracy as it is now, which may be looked at as often as one likes. Feedback is counted from many starts
 * on, one an hour; each has its interval, valid at all looks together. While nothing changes they agree, and what they have in
 * common is the answer. When they contradict each other the accuracy has changed, and the starts that look back over the
 * change are forgotten (Shekhar and Ramdas, "Reducing sequential change detection to sequential estimation", ICML 2024,
 * arXiv:2309.09111). What the oldest start knew when another one began counts as well: it was valid at that look, too.
 *
 * Until a change is proven, the bounds speak of a mixture of before and after. Its state is a few dozen counts: old starts are thinned out to lie ever further apart, in powers of two.
 */
export class AccuracyWatch {
  readonly #centre: number;
  readonly #monotonic: () => number;
  /** Oldest first; a start is the beginning of one. */
  #stretches: Stretch[] = [EMPTY];
  #startedAt: number;
  /** The bounds since the last feedback; undefined: to be found. */
  #known: ShareInterval | undefined;

  /**
   * @param expected accuracy, 0..1, near which the bounds are tightest
   * @param monotonic milliseconds that never go back: a clock that is set changes nothing
   */
  constructor(expected: number, monotonic: () => number) {
    this.#centre = expected;
    this.#monotonic = monotonic;
    this.#startedAt = monotonic();
  }

  /** Stretches that are kept, 1 at least. */
  get size(): number {
    return this.#stretches.length;
  }

  /** Counts one answer. */
  observe(isRight: boolean): void {
    this.#known = undefined;
    const newest = this.#stretches.at(-1) ?? EMPTY;
    const now = this.#monotonic();
    const isDue = newest.of > 0 && now - this.#startedAt >= START_EVERY_MS;
    const begun = isDue ? EMPTY : newest;
    const counted = { ...begun, right: begun.right + Number(isRight), of: begun.of + 1 };
    if (!isDue) {
      this.#stretches[this.#stretches.length - 1] = counted;
      return;
    }
    this.#stretches = thinned([...this.#stretches, counted]);
    this.#startedAt = now;
  }

  /** The bounds now; 0 and 1 before the first feedback. Takes a millisecond or two after new feedback. */
  bounds(): ShareInterval {
    return (this.#known ??= this.#find());
  }

  #find(): ShareInterval {
    for (;;) {
      const change = this.#changedAt();
      if (change === undefined) break;
      this.#stretches = this.#stretches.slice(change);
    }
    return this.#common();
  }

  /** The start from which on the accuracy is proven to be another one than before it; the one with the widest gap. */
  #changedAt(): number | undefined {
    const all = this.#stretches.reduce(sum, EMPTY);
    let before = EMPTY;
    let widest = 0;
    let found: number | undefined;
    for (const [at, stretch] of this.#stretches.entries()) {
      if (at > 0) {
        const since = { ...EMPTY, right: all.right - before.right, of: all.of - before.of };
        const gap = gapBetween(this.#interval(before), this.#interval(since));
        if (gap > widest) [widest, found] = [gap, at];
      }
      before = sum(before, stretch);
    }
    return found;
  }

  /** What the intervals of all starts have in common, from the newest back to the first that contradicts. */
  #common(): ShareInterval {
    let common: ShareInterval = { lower: 0, upper: 1 };
    let since = EMPTY;
    for (let at = this.#stretches.length - 1; at >= 0; at--) {
      since = sum(this.#stretches[at] ?? EMPTY, since);
      const { lower, upper } = this.#interval(since);
      const both = { lower: Math.max(common.lower, lower), upper: Math.min(common.upper, upper) };
      if (both.lower > both.upper) {
        this.#stretches = this.#stretches.slice(at + 1);
        return common;
      }
      common = both;
    }
    return common;
  }

  #interval({ right, of }: Stretch): ShareInterval {
    return shareSequence({ count: right, of }, { alpha: START_ALPHA, centre: this.#centre });
  }
}

const sum = (a: Stretch, b: Stretch): Stretch => ({ right: a.right + b.right, of: a.of + b.of, rank: 0 });

/** Distance of two intervals; negative where they overlap. */
const gapBetween = (a: ShareInterval, b: ShareInterval): number => Math.max(a.lower - b.upper, b.lower - a.upper);

/** Pure: of each rank at most {@link PER_RANK}; ranks fall from the oldest to the newest, so that equal ones are neighbours. */
function thinned(stretches: readonly Stretch[]): Stretch[] {
  const kept = [...stretches];
  for (let rank = 0; ; rank++) {
    const first = kept.findIndex((stretch) => stretch.rank === rank);
    if (first < 0) return kept;
    const [older, newer] = [kept[first], kept[first + 1]];
    if (older === undefined || newer === undefined || kept.filter((each) => each.rank === rank).length <= PER_RANK)
      continue;
    const joined = { ...sum(older, newer), rank: rank + 1 };
    kept.splice(first, 2, joined);
  }
}

/**
 * Pure: bounds of the accuracy now minus the accuracy at release, -1..1; wrong only where one of the two intervals is
 * (union bound).
 */
export const accuracyChange = (now: ShareInterval, atRelease: ShareInterval): ShareInterval => ({
  lower: now.lower - atRelease.upper,
  upper: now.upper - atRelease.lower,
});
