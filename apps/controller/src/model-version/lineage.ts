import { boundedText } from '@pawl/shared/modelversion/bounded-text';

/** Limits of `status.artifact.lineage`: a status is read by people, and every watcher keeps it in memory. */
const MOST_ENTRIES = 32;
/** UTF-16 units, as the schema of the status counts them. */
const LONGEST_KEY = 64;
const LONGEST_VALUE = 1024;

/**
 * Where the weights come from, as a status holds it. A manifest may say anything. The first entries are kept, long
 * values are cut, control characters become spaces. Otherwise the API server would refuse the whole status, and the
 * version would never leave Verifying.
 */
export function boundedLineage(lineage: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(lineage)
    .filter(([key]) => key !== '')
    .slice(0, MOST_ENTRIES)
    .map(([key, value]) => [boundedText(key, LONGEST_KEY), boundedText(value, LONGEST_VALUE)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
