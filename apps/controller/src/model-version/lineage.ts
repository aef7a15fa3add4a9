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
    .map(([key, value]) => [cut(key, LONGEST_KEY), cut(value, LONGEST_VALUE)]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function cut(text: string, longest: number): string {
  // eslint-disable-next-line no-control-regex -- they are what is removed
  const clean = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1).toWellFormed()}…`;
}
