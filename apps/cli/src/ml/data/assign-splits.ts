import { createHash } from 'node:crypto';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { splits, type Split } from './dataset.ts';

/** Share of each split; they sum to 1. */
export type SplitRatios = Readonly<Record<Split, number>>;
/** A number for each split. */
export type SplitCounts = Record<Split, number>;

/** What is split: one picture. */
export interface Splittable {
  /** Digest of the photograph: what its place is drawn from. */
  readonly digest: string;
  readonly label: string;
  /** Where it was before, if it is to stay there. */
  readonly split?: Split | undefined;
}

/** Members of a group that must not be torn apart, as indices. */
type Group = readonly number[];

/**
 * How many of `total` go to each split: `total * ratio` rounded down, what is left goes one by one to the largest
 * remainders (Hamilton's method), in a tie to the earlier of train, val, test. The counts sum to `total`.
 */
export function splitCounts(total: number, ratios: SplitRatios): SplitCounts {
  // 0.1 * 30 is 3.0000000000000004: what is a whole number but for rounding counts as one.
  const exact = splits.map((split) => Math.round(total * ratios[split] * 1e6) / 1e6);
  const counts = exact.map(Math.floor);
  const byRemainder = splits
    .map((_, index) => index)
    .sort((a, b) => remainder(exact[b]) - remainder(exact[a]) || a - b);
  const left = total - counts.reduce((sum, count) => sum + count, 0);
  for (const index of byRemainder.slice(0, left)) counts[index] = (counts[index] ?? 0) + 1;
  return { train: counts[0] ?? 0, val: counts[1] ?? 0, test: counts[2] ?? 0 };
}

const remainder = (value = 0) => value - Math.floor(value);

/**
 * A split for each picture, by content and seed alone: neither names nor the order of the pictures matter, and one more
 * picture moves hardly any of the others. Each label has exactly its {@link splitCounts}, as far as groups let it: those of
 * `groups` go first, as a whole (also where a group has several labels), then single pictures fill what is left.
 *
 * @param groups disjoint groups of 2 or more indices; pictures of none are single.
 */
export function assignSplits(
  pictures: readonly Splittable[],
  groups: readonly Group[],
  ratios: SplitRatios,
  seed: number,
): Split[] {
  const assigned = new Array<Split | undefined>(pictures.length).fill(undefined);
  const ranks = pictures.map(({ digest }) => rankOf(digest, seed));
  const left = new Map<string, SplitCounts>();
  for (const [label, members] of byLabel(pictures)) left.set(label, splitCounts(members.length, ratios));
  const place = (index: number, split: Split) => {
    assigned[index] = split;
    const counts = left.get(pictures[index]?.label ?? '');
    if (counts !== undefined) counts[split] -= 1;
  };

  // Hashed once more: the smallest of several ranks is not uniform.
  const ranked = groups.map((group) => ({
    group,
    rank: rankOf(group.map((i) => ranks[i] ?? '').reduce(smaller), seed),
  }));
  ranked.sort((a, b) => b.group.length - a.group.length || compareCodeUnits(a.rank, b.rank));
  for (const { group, rank } of ranked) {
    const room = (split: Split) => roomFor(group, pictures, left, split);
    const drawn = drawSplit(rank, ratios);
    const roomiest = splits.reduce((best, split) => (room(split) > room(best) ? split : best));
    const split = room(drawn) >= 0 ? drawn : roomiest;
    for (const index of group) place(index, split);
  }

  for (const [label, members] of byLabel(pictures)) {
    const single = members.filter((index) => assigned[index] === undefined);
    single.sort((a, b) => compareCodeUnits(ranks[a] ?? '', ranks[b] ?? ''));
    const counts = fillable(left.get(label), single.length);
    for (const [at, index] of single.entries())
      place(index, at < counts.train ? 'train' : at < counts.train + counts.val ? 'val' : 'test');
  }
  return assigned.map((split) => split ?? 'train');
}

/**
 * Keeps the splits that pictures have. `drawn` ones, which none of them has, are drawn from train by {@link assignSplits},
 * in the proportion that `ratios` gives them to train; groups are kept together within what is drawn.
 */
export function keepSplits(
  pictures: readonly Splittable[],
  groups: readonly Group[],
  drawn: readonly Split[],
  ratios: SplitRatios,
  seed: number,
): Split[] {
  const kept = pictures.map(({ split }) => split ?? 'train');
  if (drawn.length === 0) return kept;
  const from = kept.flatMap((split, index) => (split === 'train' ? [index] : []));
  const within = new Map(from.map((index, at) => [index, at]));
  const share = (split: Split) => (split === 'train' || drawn.includes(split) ? ratios[split] : 0);
  const sum = splits.reduce((total, split) => total + share(split), 0);
  const assigned = assignSplits(
    from.flatMap((index) => pictures[index] ?? []),
    groups.map((group) => group.flatMap((index) => within.get(index) ?? [])).filter((group) => group.length > 1),
    { train: share('train') / sum, val: share('val') / sum, test: share('test') / sum },
    seed,
  );
  return kept.map((split, index) => assigned[within.get(index) ?? -1] ?? split);
}

/** Order of a picture among the others of its label, uniform. */
const rankOf = (digest: string, seed: number) => createHash('sha256').update(`${seed}:${digest}`).digest('hex');
const smaller = (a: string, b: string) => (a < b ? a : b);

function byLabel(pictures: readonly Splittable[]): Map<string, number[]> {
  const members = new Map<string, number[]>();
  for (const [index, { label }] of pictures.entries()) {
    const list = members.get(label);
    if (list === undefined) members.set(label, [index]);
    else list.push(index);
  }
  return members;
}

/** A split with the probability of its ratio, from the first 32 bits of a hash. */
function drawSplit(rank: string, ratios: SplitRatios): Split {
  const draw = Number.parseInt(rank.slice(0, 8), 16) / 2 ** 32;
  return draw < ratios.train ? 'train' : draw < ratios.train + ratios.val ? 'val' : 'test';
}

/** Places that the scarcest label of a group has in a split after the group went there; negative: it does not fit. */
function roomFor(
  group: Group,
  pictures: readonly Splittable[],
  left: ReadonlyMap<string, SplitCounts>,
  split: Split,
): number {
  const needed = new Map<string, number>();
  for (const index of group) {
    const label = pictures[index]?.label ?? '';
    needed.set(label, (needed.get(label) ?? 0) + 1);
  }
  return Math.min(...[...needed].map(([label, number]) => (left.get(label)?.[split] ?? 0) - number));
}

/** What is left of each split's places when a group took more than its own: the splits with most to fill give way. */
function fillable(left: SplitCounts | undefined, number: number): SplitCounts {
  const counts: SplitCounts = {
    train: Math.max(0, left?.train ?? 0),
    val: Math.max(0, left?.val ?? 0),
    test: Math.max(0, left?.test ?? 0),
  };
  while (counts.train + counts.val + counts.test > number) {
    const fullest = splits.reduce((most, split) => (counts[split] > counts[most] ? split : most));
    counts[fullest] -= 1;
  }
  return counts;
}
