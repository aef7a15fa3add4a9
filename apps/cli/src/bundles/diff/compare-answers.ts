import type { Answer } from '@pawl/shared/execution/answer';
import { comparePaired, type Paired } from './paired.ts';

/** What two versions said about one picture. */
export interface AnswerPair {
  /** Path in the data set. */
  readonly path: string;
  /** What it shows. */
  readonly label: string;
  readonly before: Answer;
  readonly after: Answer;
}

/** A picture whose answer changed. */
interface AnswerChange {
  readonly path: string;
  readonly label: string;
  readonly before: string;
  readonly after: string;
  /** Probability of `label` before and after, 0..1. */
  readonly probabilityBefore: number;
  readonly probabilityAfter: number;
}

/** Two versions on the same pictures. */
export interface AnswerComparison extends Paired {
  /** Pictures whose label changed. */
  readonly changed: number;
  /** Counts of `before → after`, most frequent first. */
  readonly moves: readonly { readonly before: string; readonly after: string; readonly count: number }[];
  /** Mean of |change| of the right label's probability, 0..1. */
  readonly meanShift: number;
  /** Mean change of the right label's probability, -1..1; positive: surer of what is right. */
  readonly meanGain: number;
  /** Pictures that lost most of the right label's probability, worst first. */
  readonly worst: readonly AnswerChange[];
}

/** How many pictures {@link AnswerComparison.worst} names. */
const WORST = 10;
/** Losses below it are no change worth a look. */
const NOTABLE_LOSS = 0.05;

/** Pure: what changed between the answers of two versions. @param pairs at least one. */
export function compareAnswers(pairs: readonly AnswerPair[]): AnswerComparison {
  const changes = pairs.map(({ path, label, before, after }) => ({
    path,
    label,
    before: before.label,
    after: after.label,
    probabilityBefore: before.probabilities[label] ?? 0,
    probabilityAfter: after.probabilities[label] ?? 0,
  }));
  const share = (of: (change: AnswerChange) => number) =>
    changes.reduce((sum, change) => sum + of(change), 0) / Math.max(1, changes.length);
  const moved = changes.filter((change) => change.before !== change.after);
  const moves = new Map<string, { before: string; after: string; count: number }>();
  for (const { before, after } of moved) {
    const move = moves.get(`${before} ${after}`) ?? { before, after, count: 0 };
    moves.set(`${before} ${after}`, { ...move, count: move.count + 1 });
  }
  return {
    ...comparePaired(
      changes.map(({ before, label }) => before === label),
      changes.map(({ after, label }) => after === label),
    ),
    changed: moved.length,
    moves: [...moves.values()].sort((a, b) => b.count - a.count || (a.before < b.before ? -1 : 1)),
    meanShift: share((change) => Math.abs(gain(change))),
    meanGain: share(gain),
    worst: changes
      .filter((change) => gain(change) < -NOTABLE_LOSS)
      .sort((a, b) => gain(a) - gain(b))
      .slice(0, WORST),
  };
}

const gain = (change: AnswerChange): number => change.probabilityAfter - change.probabilityBefore;
