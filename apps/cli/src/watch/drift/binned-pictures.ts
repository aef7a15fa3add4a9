import type { Observation } from '@pawl/shared/drift/observation';
import type { WatchedStatistic } from '@pawl/shared/drift/watched-statistic';
import { count } from '../../terminal/text.ts';
import type { Period } from '../prometheus/period.ts';

/**
 * Pictures of a period by the bins of the reference: all that the analysis of drift needs to know of them, whoever counted
 * them. Counts of processes, and of steps, add up.
 */
export interface BinnedPictures {
  readonly period: Period;
  /** By step, then as the reference's watched statistics, then by bin. */
  readonly counts: readonly (readonly (readonly number[])[])[];
  /** What these counts lack, for whoever reads the report. */
  readonly warnings: readonly string[];
}

/** Pure: no picture yet. By step, statistic and bin. */
export const emptyBins = (statistics: readonly WatchedStatistic[], { steps }: Pick<Period, 'steps'>): number[][][] =>
  Array.from({ length: steps }, () => statistics.map(({ bins }) => bins.map(() => 0)));

/** An answered picture as a log of predictions knows it. */
export interface LoggedPicture {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the bundle that answered, `sha256:<hex>`. */
  readonly digest: string;
  readonly observation: Observation;
}

/**
 * Counts the pictures of a log into the bins of a reference, those of other bundles and other times left out. Holds none of
 * them.
 */
export async function binPictures(
  pictures: AsyncIterable<LoggedPicture> | Iterable<LoggedPicture>,
  { digest, statistics }: { readonly digest: string; readonly statistics: readonly WatchedStatistic[] },
  period: Period,
): Promise<BinnedPictures> {
  const counts = emptyBins(statistics, period);
  let others = 0;
  for await (const picture of pictures) {
    const step = Math.ceil((picture.at / 1000 - period.start) / period.stepSeconds) - 1;
    const row = counts[step];
    if (row === undefined) continue;
    if (picture.digest !== digest) {
      others += 1;
      continue;
    }
    for (const [index, statistic] of statistics.entries()) {
      const bin = statistic.binOf(picture.observation);
      const ofBins = row[index];
      if (bin !== undefined && ofBins?.[bin] !== undefined) ofBins[bin] += 1;
    }
  }
  const warnings = others === 0 ? [] : [`${count(others, 'picture')} that other bundles answered: left out.`];
  return { period, counts, warnings };
}
