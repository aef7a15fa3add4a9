import type { RocPoint } from '../../types.ts';

/**
 * Area under the ROC curve by ranks (Mann and Whitney's U), ties counting half: the probability that a positive scores
 * higher than a negative. NaN when there is no positive or no negative.
 *
 * @param scores higher is more positive.
 */
export function rocAuc(scores: ArrayLike<number>, positive: (row: number) => boolean): number {
  let positives = 0;
  let ranks = 0;
  let below = 0;
  for (const group of groupsBy(scores, positive)) {
    // Ranks count from 1; rows with equal scores share the mean of their ranks.
    ranks += group.positives * (below + (group.rows + 1) / 2);
    positives += group.positives;
    below += group.rows;
  }
  const negatives = below - positives;
  return positives === 0 || negatives === 0
    ? NaN
    : (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * The ROC curve from (0,0) to (1,1), one point for each distinct score; points on a straight line between their
 * neighbours are left out. Empty when there is no positive or no negative.
 */
export function computeRocCurve(scores: ArrayLike<number>, positive: (row: number) => boolean): RocPoint[] {
  const groups = groupsBy(scores, positive).reverse();
  const positives = groups.reduce((sum, group) => sum + group.positives, 0);
  const negatives = groups.reduce((sum, group) => sum + group.rows - group.positives, 0);
  if (positives === 0 || negatives === 0) return [];
  const counts = [{ fp: 0, tp: 0 }];
  for (const group of groups) {
    const last = counts.at(-1) ?? { fp: 0, tp: 0 };
    const next = { fp: last.fp + group.rows - group.positives, tp: last.tp + group.positives };
    const before = counts.at(-2);
    const straight =
      before !== undefined &&
      (last.tp - before.tp) * (next.fp - last.fp) === (next.tp - last.tp) * (last.fp - before.fp);
    if (straight) counts.pop();
    counts.push(next);
  }
  return counts.map(({ fp, tp }) => ({ fpr: fp / negatives, tpr: tp / positives }));
}

/** Rows with the same score, lowest score first. */
function groupsBy(scores: ArrayLike<number>, positive: (row: number) => boolean) {
  const order = Array.from(scores, (_, row) => row).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  const groups: { score: number; rows: number; positives: number }[] = [];
  for (const row of order) {
    const score = scores[row] ?? 0;
    let group = groups.at(-1);
    if (group?.score !== score) {
      group = { score, rows: 0, positives: 0 };
      groups.push(group);
    }
    group.rows++;
    if (positive(row)) group.positives++;
  }
  return groups;
}
