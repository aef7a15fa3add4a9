import { CliError } from '../../errors/cli-error.ts';
import type { PreprocessParams } from '../params/params.ts';
import { count, list } from '../../terminal/text.ts';
import type { Classified } from './classify.ts';
import { splits, type DatasetItem, type Split } from './dataset.ts';
import type { Candidate } from './find-photographs.ts';

/**
 * Why photographs make no data set: a label of which nothing is left, or a split without pictures of a label. Undefined when
 * they do. Pure.
 *
 * @param given splits that the raw folder gives, and that are kept.
 */
export function findProblem(
  candidates: readonly Candidate[],
  classified: Classified,
  items: readonly DatasetItem[],
  given: readonly Split[],
  { split_ratios: ratios }: PreprocessParams,
): CliError | undefined {
  const labels = [...new Set(candidates.map(({ label }) => label))];
  const present = new Set(items.map(({ label }) => label));
  const absent = labels.filter((label) => !present.has(label));
  const { tiny, conflicts } = classified;
  if (items.length === 0 && tiny.length === 0 && conflicts.length === 0)
    return new CliError(
      'DATA_UNREADABLE',
      `None of the ${count(candidates.length, 'photograph')} can be read.`,
      'The report lists each with its reason.',
    );
  if (present.size < 2 || absent.length > 0)
    return new CliError(
      'DATA_ONE_CLASS',
      `Nothing is left of ${list(absent)}: what there was is unreadable, tiny, or lies in another folder as well.`,
      'The report lists each photograph with its reason; add photographs, or remove the folder.',
    );
  for (const split of splits) {
    const isGiven = given.includes(split);
    if (!isGiven && ratios[split] === 0) continue;
    const lacking = labels.filter((label) => !items.some((item) => item.split === split && item.label === label));
    if (lacking.length === 0) continue;
    if (isGiven)
      return new CliError(
        'DATA_SPLIT_EMPTY',
        `The ${split} split, which is kept as its folder is, holds no picture of ${list(lacking)}.`,
        `Add photographs of ${list(lacking)} to its folder; or put those of all splits into one folder a label, and all splits are drawn.`,
      );
    const numbers = lacking.map((label) => `${items.filter((item) => item.label === label).length} of ${label}`);
    return new CliError(
      'DATA_SPLIT_EMPTY',
      `The ${split} split (${ratios[split]}) would hold no picture of ${list(lacking)}: there are only ${list(numbers)}.`,
      'Add photographs, or change split_ratios; very large groups of near-duplicates need a smaller near_duplicate_bits.',
    );
  }
  return undefined;
}
