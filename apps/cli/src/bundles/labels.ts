import { LABEL_ID } from '@pawl/shared/bundle/manifest';
import { CliError } from '../errors/cli-error.ts';

/** The labels of a model in the order of its output: an id for machines, and what people read where that is something else. */
export interface Labels {
  readonly ids: readonly string[];
  /** By id. */
  readonly names: Readonly<Record<string, string>>;
}

/** Longest id, characters. */
const LONGEST = 63;
/** Letters that are no letter of a to z with a mark on it. */
const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
};

/**
 * Pure: ids of names: a name that is an id already is kept; of others marks are taken off and what is no letter or digit becomes
 * `_` (`Golden Retriever` -> `golden_retriever`, `grün` -> `grun`). Ids that meet get a number, names without any such letter
 * their place (`label_7`).
 *
 * @param from where the names come from, for people.
 * @throws CliError DATA_LABEL_INVALID for fewer than two, an empty one or one twice.
 */
export function toLabels(given: readonly string[], from: string): Labels {
  const shown = given.map((name) => name.normalize('NFC').trim());
  const empty = shown.indexOf('');
  if (empty !== -1) throw invalid(`Label ${empty + 1} of ${shown.length} in ${from} is empty.`);
  if (shown.length < 2)
    throw invalid(
      `${from} has ${shown.length === 1 ? `one label, ${shown[0] ?? ''}` : 'no label'}; a classifier needs two or more.`,
    );
  const twice = shown.find((name, index) => shown.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`${from} has the label ${twice} twice.`);
  const taken = new Set(shown.filter((name) => LABEL_ID.test(name)));
  const names: Record<string, string> = {};
  const ids = shown.map((name, index) => {
    if (LABEL_ID.test(name)) return name;
    const id = free(slugOf(name) || `label_${index}`, taken);
    taken.add(id);
    names[id] = name;
    return id;
  });
  return { ids, names };
}

/** The id of the label that somebody calls by its id, its name, or nearly its name. */
export function idOf({ ids, names }: Labels, called: string): string | undefined {
  const name = called.normalize('NFC').trim();
  if (ids.includes(name)) return name;
  const byName = ids.find((id) => names[id] === name);
  if (byName !== undefined) return byName;
  const slug = slugOf(name);
  return ids.includes(slug) ? slug : undefined;
}

/** `golden_retriever (Golden Retriever)`, or the id alone where it has no other name. */
export function withName(id: string, names: Labels['names'] = {}): string {
  const name = names[id];
  return name === undefined ? id : `${id} (${name})`;
}

/** Pure: a name as an id, without a number that tells it from others; empty where it has no letter a to z and no digit. */
export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[ßæœøłđðþ]/g, (letter) => letters[letter] ?? '')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, LONGEST)
    .replace(/^_+|_+$/g, '');

/** `id`, or with the first number that is free: `crane_2`. */
function free(id: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : `_${number}`;
    const candidate = id.slice(0, LONGEST - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}

const invalid = (message: string) =>
  new CliError('DATA_LABEL_INVALID', message, 'Name each class once, in the order of the output.');
