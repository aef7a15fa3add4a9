import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { splits } from './dataset.ts';
import type { Decoded } from './examine.ts';

/** Photographs of one picture and one label: one is kept. */
interface Duplicates {
  readonly kept: Decoded;
  readonly left: readonly Decoded[];
}

/** What becomes of decoded photographs before they are split. */
export interface Classified {
  /** Sorted by the digest of the first photograph of each picture. */
  readonly kept: readonly Decoded[];
  readonly tiny: readonly Decoded[];
  readonly duplicates: readonly Duplicates[];
  /** Photographs of one picture under two labels or more: all are left out, since one label is wrong. */
  readonly conflicts: readonly (readonly Decoded[])[];
}

/**
 * Leaves out what is too small, what is there twice and what contradicts itself. Two photographs are the same picture when
 * their prepared pictures are, byte for byte: a copy under another name or with other metadata counts, a crop does not. Of
 * the same picture under one label the photograph with the smallest digest is kept, whatever the files are called; where
 * the raw folder is split, the one of test before that of val and of train: what is measured on stays as it is.
 *
 * @param minSide pixels of the shorter side.
 */
export function classify(decoded: readonly Decoded[], minSide: number): Classified {
  const tiny: Decoded[] = [];
  const pictures = new Map<string, Decoded[]>();
  for (const item of [...decoded].sort(byDigest)) {
    const same = pictures.get(item.picture);
    if (Math.min(item.source.width, item.source.height) < minSide) tiny.push(item);
    else if (same === undefined) pictures.set(item.picture, [item]);
    else same.push(item);
  }
  const kept: Decoded[] = [];
  const duplicates: Duplicates[] = [];
  const conflicts: (readonly Decoded[])[] = [];
  for (const same of pictures.values()) {
    const [first, ...others] = same;
    if (first === undefined) continue;
    if (others.some(({ label }) => label !== first.label)) conflicts.push(same);
    else {
      const best = same.reduce((a, b) => (splitRank(b) > splitRank(a) ? b : a));
      kept.push(best);
      if (others.length > 0) duplicates.push({ kept: best, left: same.filter((item) => item !== best) });
    }
  }
  return { kept, tiny, duplicates, conflicts };
}

const splitRank = ({ split }: Decoded) => (split === undefined ? 0 : splits.indexOf(split));

const byDigest = (a: Decoded, b: Decoded) =>
  compareCodeUnits(a.source.digest, b.source.digest) || compareCodeUnits(a.source.path, b.source.path);
