import { logGamma, logSumExp } from './special-functions.ts';

/**
 * The exact test of McNemar (Psychometrika 12, 1947), two-sided: how likely two models that are equally good differ at least
 * so much on the same pictures. Only pictures that one alone answers rightly count; each is one's or the other's with
 * probability 1/2.
 *
 * @param fixed pictures that the second alone answers rightly. @param broken those that the first alone does.
 * @returns 0..1; 1 without any such picture.
 */
export function mcnemarP(fixed: number, broken: number): number {
  if (!(Number.isInteger(fixed) && Number.isInteger(broken) && fixed >= 0 && broken >= 0))
    throw new RangeError(`${fixed} and ${broken} are no counts`);
  const count = fixed + broken;
  const most = Math.max(fixed, broken);
  if (most * 2 === count) return 1;
  const choose = (k: number) => logGamma(count + 1) - logGamma(k + 1) - logGamma(count - k + 1);
  const terms = Array.from({ length: count - most + 1 }, (_, i) => choose(most + i));
  return Math.min(1, 2 * Math.exp(logSumExp(terms) - count * Math.LN2));
}
