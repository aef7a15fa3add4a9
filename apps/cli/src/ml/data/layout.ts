import { list, plain } from '../../terminal/text.ts';
import { slugOf } from '../../bundles/labels.ts';
import { CliError } from '../../errors/cli-error.ts';
import { splits, type Split } from './dataset.ts';
import {
  folderOf,
  labelsOfNames,
  nameOf,
  NAMES_SHOWN,
  sharedFolders,
  some,
  splitOf,
  unclear,
  type NamedLayout,
  type NamedPlace,
  type Parts,
} from './layout-paths.ts';
import { findInSplits } from './layout-splits.ts';

/** What a path says of a photograph, or why it says nothing. */
export type Place =
  | {
      /** An id, see {@link slugOf}. */
      readonly label: string;
      /** Where the folders are split already. */
      readonly split?: Split | undefined;
    }
  | { readonly reason: string };

/** How the photographs of a folder say what they show. */
export interface Layout {
  /** For people, as a clause: `one folder a label in PetImages/ (Cat is cat, Dog is dog)`. */
  readonly description: string;
  /** Splits that the folders give and that are kept, in the order of {@link splits}; empty where all are to be drawn. */
  readonly given: readonly Split[];
  /** Folders whose photographs have no label, with `/` at the end. */
  readonly unlabelled: readonly string[];
  /** One for each photograph, in their order. */
  readonly places: readonly Place[];
}

/**
 * Pure: how photographs are laid out, by their paths alone. One of
 * - one folder a label (`cat/any/1.jpg`), also below one folder more (`PetImages/Cat/1.jpg`);
 * - the label before a number in the names of one folder's files (`train/cat.0.jpg`);
 * - one folder a split (train, val or valid, test) with one of the former in each: the splits are kept.
 *
 * Labels become ids: `Cat` is `cat`, `Golden Retriever` is `golden_retriever`.
 *
 * @param photographs paths below `raw`, with `/`.
 * @param raw of what folder, for people.
 * @throws CliError DATA_LAYOUT_UNCLEAR where it could be more than one, DATA_LABEL_INVALID for a name that makes no id or the
 *   id of another one.
 */
export function recogniseLayout(photographs: readonly string[], raw: string): Layout {
  const paths = photographs.map((path) => path.split('/'));
  // What lies beside all folders says nothing of the folders.
  const inFolders = paths.filter((path) => path.length > 1);
  const found = find(inFolders.length > 0 ? inFolders : paths, paths, raw);
  const { places, renamed } = withIds(found.places, raw);
  return { ...found, description: found.description + renamed, places };
}

function find(considered: readonly Parts[], paths: readonly Parts[], raw: string): NamedLayout {
  const depth = sharedFolders(considered);
  const root = considered[0]?.slice(0, depth) ?? [];
  const tops = [...new Set(considered.filter((path) => path.length > depth + 1).map((path) => path[depth] ?? ''))];
  const files = considered.filter((path) => path.length === depth + 1);
  const place = root.length === 0 ? '' : ` in ${root.join('/')}/`;
  if (tops.length === 0) {
    const labels = labelsOfNames(files, raw);
    if (labels === undefined) return folders(0, paths, '');
    return {
      description: `the label before a number in the names of the files${place}`,
      given: [],
      unlabelled: [],
      places: paths.map((path) => nameOf(path, depth)),
    };
  }
  if (files.length > 0 && tops.length > 1)
    throw unclear(
      `${raw} has photographs beside folders${place}: ${files[0]?.at(-1) ?? ''} beside ${some(tops)}.`,
      'Move them into the folder of their label, or out of there.',
    );
  const named = tops.filter((top) => splitOf(top) !== undefined);
  if (named.length === tops.length && tops.length > 1) return findInSplits(paths, depth, raw);
  const deep = named.filter((top) => considered.some((path) => path[depth] === top && path.length > depth + 2));
  if (deep.length > 0 && tops.length > 1) {
    const others = tops.filter((top) => !named.includes(top));
    throw unclear(
      `${raw} has ${some(deep)}, called as splits are, beside ${some(others)}${place}: are they splits or labels?`,
      `Splits: move ${some(others)} into them, or out of there. Labels: put the photographs of ${some(deep)} directly into that folder.`,
    );
  }
  // Photographs and one folder in one folder: it is a label with a folder below it.
  return files.length > 0 ? folders(0, paths, '') : folders(depth, paths, place);
}

const folders = (depth: number, paths: readonly Parts[], place: string): NamedLayout => ({
  description: `one folder a label${place}`,
  given: [],
  unlabelled: [],
  places: paths.map((path) => folderOf(path, depth)),
});

/** Ids instead of names; `renamed` says which are not the same. */
function withIds(
  places: readonly NamedPlace[],
  raw: string,
): { readonly places: readonly Place[]; readonly renamed: string } {
  const ids = new Map<string, string>();
  const names = new Map<string, string>();
  for (const place of places) {
    if ('reason' in place || ids.has(place.name)) continue;
    const { name } = place;
    const id = slugOf(name);
    const other = names.get(id);
    if (id === '')
      throw new CliError(
        'DATA_LABEL_INVALID',
        `${JSON.stringify(name)} of ${raw} cannot be a label; expected letters a to z and digits.`,
        'Rename it, or move it out of there if it is no label.',
      );
    if (other !== undefined && other.toLowerCase() !== name.toLowerCase())
      throw new CliError(
        'DATA_LABEL_INVALID',
        `${JSON.stringify(other)} and ${JSON.stringify(name)} of ${raw} would both be the label ${id}.`,
        'Rename one of them, or put their photographs together.',
      );
    ids.set(name, id);
    names.set(id, name);
  }
  const changed = [...ids].filter(([name, id]) => name !== id).map(([name, id]) => `${name} is ${id}`);
  const more = changed.length - NAMES_SHOWN;
  const shown = [...changed.slice(0, NAMES_SHOWN), ...(more > 0 ? [`${more} more alike`] : [])];
  return {
    places: places.map((place) =>
      'reason' in place
        ? place
        : { label: ids.get(place.name) ?? '', ...(place.split !== undefined && { split: place.split }) },
    ),
    renamed: shown.length === 0 ? '' : ` (${shown.join(', ')})`,
  };
}

/** Splits that are to be drawn from train, because the folders do not give them and the ratios want them. */
export const drawnSplits = (given: readonly Split[], ratios: Readonly<Record<Split, number>>): readonly Split[] =>
  given.length === 0 ? [] : splits.filter((split) => !given.includes(split) && ratios[split] > 0);

/**
 * Pure: a layout in one line for people: what was recognised, which splits are drawn all the same, and which folders are not
 * used.
 */
export function describeLayout(
  { description, given }: Pick<Layout, 'description' | 'given'>,
  unused: readonly string[],
  ratios: Readonly<Record<Split, number>>,
): string {
  const drawn = drawnSplits(given, ratios);
  const more = drawn.length === 0 ? '' : `; ${list(drawn)} ${drawn.length === 1 ? 'is' : 'are'} drawn from train`;
  return plain(`${description}${more}${unused.length === 0 ? '' : `; not used: ${some(unused)}`}`);
}
