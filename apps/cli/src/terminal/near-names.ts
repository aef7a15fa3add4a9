import { distance } from 'fastest-levenshtein';

/** Names that somebody may have meant by `wanted`, nearest first, at most three. */
export function nearNames(wanted: string, known: readonly string[]): readonly string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  return [...new Set(known)]
    .map((name) => ({ name, distance: wanted !== '' && name.includes(wanted) ? 1 : distance(wanted, name) }))
    .filter((candidate) => candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map((candidate) => candidate.name);
}
