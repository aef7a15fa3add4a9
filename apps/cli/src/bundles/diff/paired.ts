import type { Manifest } from '@pawl/shared/bundle/manifest';
import { mcnemarP } from '@pawl/shared/statistics/mcnemar';
import { figure } from './metrics.ts';

/** Key of a manifest's lineage: what a version that was trained is against the one that it replaces, on the same pictures. */
export const PAIRED = 'paired';

/** Two versions on the same pictures, by what is right and what is not. */
export interface Paired {
  /** Pictures that both were asked about. */
  readonly count: number;
  readonly accuracyBefore: number;
  readonly accuracyAfter: number;
  /** Wrong before, right after. */
  readonly fixed: number;
  /** Right before, wrong after. */
  readonly broken: number;
  /** Of two models that are equally good, how many pairs differ so much at least; exact McNemar, two-sided, 0..1. */
  readonly p: number;
}

/** Pure: compares two versions by which pictures each answers rightly. @param before as long as `after`, at least one. */
export function comparePaired(before: readonly boolean[], after: readonly boolean[]): Paired {
  const count = after.length;
  if (count === 0 || before.length !== count) throw new RangeError(`${before.length} answers beside ${count}`);
  const rightOf = (answers: readonly boolean[]) => answers.filter(Boolean).length / count;
  const fixed = after.filter((right, index) => right && before[index] === false).length;
  const broken = after.filter((right, index) => !right && before[index] === true).length;
  return {
    count,
    accuracyBefore: rightOf(before),
    accuracyAfter: rightOf(after),
    fixed,
    broken,
    p: mcnemarP(fixed, broken),
  };
}

/** `3 fixed, 1 broken, p 0.625`: what changed, and whether chance may have done it. */
export const changesOf = ({ fixed, broken, p }: Pick<Paired, 'fixed' | 'broken' | 'p'>): string =>
  `${fixed} fixed, ${broken} broken, p ${p < 0.001 ? p.toExponential(1) : figure(p)}`;

/** A sentence for the lineage and for a commit. @param before name, version and digest of what was replaced. */
export const pairedSentence = (before: string, paired: Paired): string =>
  `against ${before} on the same ${paired.count} test pictures: accuracy ${figure(paired.accuracyBefore)} -> ${figure(paired.accuracyAfter)}, ${changesOf(paired)} (exact McNemar)`;

/** What the lineage says of the comparison with the version before; undefined where it was not made. */
export const pairedOf = ({ lineage }: Pick<Manifest, 'lineage'>): string | undefined => lineage[PAIRED];
