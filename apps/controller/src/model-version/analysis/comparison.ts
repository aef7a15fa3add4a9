import type { ProcessCounters, Reading, TrackReading } from './counters.ts';
import { add, hasFallen, noTally, subtract, type Tally, tallyOf } from './tally.ts';

/**
 * A comparison of both tracks during one step, kept with the canary so that another controller can go on. Its size is bounded:
 * labels by {@link MAX_LABELS}, marks by {@link MAX_MARKS}, pods by the number that is read.
 */
export interface Comparison {
  /** From 1. */
  readonly step: number;
  /** Hash of the pod template of the canary; another template is another canary. */
  readonly template: string;
  /** When it began, milliseconds since the epoch. */
  readonly at: number;
  /** Which comparison of its rollout this is, from 1. */
  readonly number: number;
  /** Labels that are told apart; the others are counted together. */
  readonly labels: readonly string[];
  /** Index of the edge of the histogram that no more than the slowest requests may exceed, as it was when it began. */
  readonly edge: number;
  /** Counters at the last mark of every life of a process, by `uid@start`. */
  readonly last: { readonly stable: Lives; readonly canary: Lives };
  /** What both tracks had counted since it began, now and then; the last one belongs to `last`. */
  readonly marks: readonly Mark[];
}

type Lives = Readonly<Record<string, Tally>>;

/** What both tracks counted since the comparison began, at one moment. */
interface Mark {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly stable: Tally;
  readonly canary: Tally;
}

/** A comparison at the moment of a reading. */
export interface Progress {
  /** As it is to be kept: with the reading as its last mark. */
  readonly comparison: Comparison;
  /** Marks from the beginning to the reading. */
  readonly marks: readonly Mark[];
  /** Everything that was counted since it began. */
  readonly counted: Counted;
}

/** The most frequent labels are told apart: a shift of the others shows in their sum. */
const MAX_LABELS = 16;
export const MAX_MARKS = 32;

/** A comparison that begins with a reading. */
export function begin(
  reading: Reading,
  about: Pick<Comparison, 'step' | 'template' | 'at' | 'number' | 'edge'>,
): Comparison {
  const labels = mostFrequent(reading, []);
  const nothing = noTally(labels.length);
  return {
    ...about,
    labels,
    last: { stable: lives(reading.stable, labels), canary: lives(reading.canary, labels) },
    marks: [{ at: about.at, stable: nothing, canary: nothing }],
  };
}

/**
 * Goes on to a reading. The counters of a process count from where they were; those of a process that started since from 0;
 * those of an older one that was not read before count from now. What a process counted after its last mark, and its end, is
 * lost: a few seconds at most.
 */
export function advance(kept: Comparison, reading: Reading, now: number): Progress {
  const comparison = widened(kept, mostFrequent(reading, kept.labels));
  const { labels, last, marks } = comparison;
  const from = marks.at(-1) ?? { at: now, stable: noTally(labels.length), canary: noTally(labels.length) };
  const counted = (track: 'stable' | 'canary') =>
    Object.entries(reading[track])
      .map(([uid, counters]) => countedSince(last[track][lifeOf(uid, counters)], counters, comparison))
      .reduce(add, from[track]);
  const mark = { at: now, stable: counted('stable'), canary: counted('canary') };
  const all = [...marks, mark];
  return {
    marks: all,
    counted: mark,
    comparison: {
      ...comparison,
      // A process that did not answer this time is still known; one that is gone need not be.
      last: {
        stable: { ...(reading.isComplete ? {} : last.stable), ...lives(reading.stable, labels) },
        canary: { ...(reading.isComplete ? {} : last.canary), ...lives(reading.canary, labels) },
      },
      marks: all.length > MAX_MARKS ? thinned(all) : all,
    },
  };
}

function countedSince(before: Tally | undefined, counters: ProcessCounters, { labels, at }: Comparison): Tally {
  const tally = tallyOf(counters, labels);
  if (before !== undefined && !hasFallen(tally, before)) return subtract(tally, before);
  const isNew = before !== undefined || counters.startedAt * 1000 >= at;
  return isNew ? tally : noTally(labels.length);
}

const lifeOf = (uid: string, { startedAt }: ProcessCounters) => `${uid}@${startedAt}`;

const lives = (track: TrackReading, labels: readonly string[]): Lives =>
  Object.fromEntries(
    Object.entries(track).map(([uid, counters]) => [lifeOf(uid, counters), tallyOf(counters, labels)]),
  );

/** The most frequent labels beside those that are known, as many as there is room for. */
function mostFrequent({ stable, canary }: Reading, known: readonly string[]): readonly string[] {
  if (known.length >= MAX_LABELS) return [];
  const sums = new Map<string, number>();
  for (const { labels } of [...Object.values(stable), ...Object.values(canary)])
    for (const [label, count] of Object.entries(labels)) sums.set(label, (sums.get(label) ?? 0) + count);
  for (const label of known) sums.delete(label);
  return [...sums]
    .toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b))
    .slice(0, MAX_LABELS - known.length)
    .map(([label]) => label);
}

/** Tells more labels apart: where there was room for them, they had not been answered before. */
function widened(comparison: Comparison, more: readonly string[]): Comparison {
  if (more.length === 0) return comparison;
  const widen = (tally: Tally): Tally => ({
    ...tally,
    labels: [...tally.labels.slice(0, -1), ...more.map(() => 0), ...tally.labels.slice(-1)],
  });
  const lives = (of: Lives) => Object.fromEntries(Object.entries(of).map(([life, tally]) => [life, widen(tally)]));
  return {
    ...comparison,
    labels: [...comparison.labels, ...more],
    last: { stable: lives(comparison.last.stable), canary: lives(comparison.last.canary) },
    marks: comparison.marks.map(({ at, stable, canary }) => ({ at, stable: widen(stable), canary: widen(canary) })),
  };
}

/** Every other mark, and always the first and the last. */
const thinned = (marks: readonly Mark[]) => marks.filter((_, i) => i % 2 === 0 || i === marks.length - 1);

/** What was counted between two marks. */
export interface Counted {
  readonly canary: Tally;
  readonly stable: Tally;
}

/** A part of a comparison that is left when a burst is taken out. */
export interface Rest extends Counted {
  /** The burst, milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/**
 * What is left for every place where a burst of at most `burstMs` may have been. One that begins anywhere between two marks
 * ends that much after the second of them at the latest.
 */
export function withoutBursts({ marks }: Progress, burstMs: number): readonly Rest[] {
  const end = marks.at(-1) ?? requireMark();
  const rests = marks.slice(0, -1).map((first, i) => {
    const latestEnd = (marks[i + 1]?.at ?? first.at) + burstMs;
    const last = marks.find(({ at }) => at >= latestEnd) ?? end;
    const without = (track: 'stable' | 'canary') => subtract(end[track], subtract(last[track], first[track]));
    return { from: first.at, to: last.at, stable: without('stable'), canary: without('canary') };
  });
  return rests;
}

function requireMark(): never {
  throw new Error('A comparison has at least the mark of its beginning.');
}

/** A comparison as it was kept; undefined for what this controller cannot have written, so that the step begins again. */
export function readComparison(text: string | undefined): Comparison | undefined {
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text) as Partial<Comparison>;
    const isWhole =
      Number.isInteger(kept.step) &&
      Number.isInteger(kept.number) &&
      Number.isInteger(kept.edge) &&
      Array.isArray(kept.labels) &&
      Array.isArray(kept.marks) &&
      kept.marks.length > 0 &&
      typeof kept.last === 'object';
    return isWhole ? (kept as Comparison) : undefined;
  } catch {
    return undefined;
  }
}

/** Time between two marks, ms, where none is asked for: about what a pod that ends takes with it. */
const MARK_EVERY_MS = 15_000;

/** Whether the last reading is to be kept. So often that a burst is found within a quarter of its length. */
export const isMarkDue = ({ marks }: Progress, burstSeconds: number): boolean => {
  const [before, now] = marks.slice(-2);
  const every = burstSeconds === 0 ? MARK_EVERY_MS : Math.max(1000, (burstSeconds * 1000) / 4);
  return before !== undefined && now !== undefined && now.at - before.at >= every;
};
