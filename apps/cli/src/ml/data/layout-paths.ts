import { list } from '../../terminal/text.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { Split } from './dataset.ts';

/** A path in its parts; the last one is the file's name. */
export type Parts = readonly string[];

/** A path that was read: what the label is called, before it becomes an id. */
export type NamedPlace = { readonly name: string; readonly split?: Split | undefined } | { readonly reason: string };

/** A layout whose labels are names yet; the fields are those of `Layout`. */
export interface NamedLayout {
  readonly description: string;
  readonly given: readonly Split[];
  readonly unlabelled: readonly string[];
  readonly places: readonly NamedPlace[];
}

/** Why a photograph outside of every folder is left out. */
export const NO_FOLDER = 'not in a folder of a label';
/** `cat.0.jpg`, as the photographs of "Dogs vs. Cats" are called. */
const NUMBERED = /^([^.]+)\.\d+\.[^.]+$/;
/** Names that a sentence gives before it counts the others. */
export const NAMES_SHOWN = 3;
const WANTED = 'Put photographs into one folder a label, such as cat/ and dog/.';

/** `train`, `valid`, `test1`, `training_set`: folders of splits as people call them. */
const SPLIT = /^(?:(train|training)|(val|valid|validation|dev)|(test|testing))\d*(?:[_ -]?(?:set|data|images))?$/i;

/** The split that a folder of this name holds. */
export function splitOf(folder: string): Split | undefined {
  const [, train, val, test] = SPLIT.exec(folder) ?? [];
  return train !== undefined ? 'train' : val !== undefined ? 'val' : test === undefined ? undefined : 'test';
}

/** The label of a photograph by its folder at a depth. */
export function folderOf(path: Parts, depth: number, split?: Split): NamedPlace {
  const name = path[depth];
  return path.length > depth + 1 && name !== undefined ? { name, split } : { reason: NO_FOLDER };
}

/** The label of a photograph by its own name, if it lies below `depth` folders. */
export function nameOf(path: Parts, depth: number, split?: Split): NamedPlace {
  const name = path.length > depth ? NUMBERED.exec(path.at(-1) ?? '')?.[1] : undefined;
  return name === undefined ? { reason: NO_FOLDER } : { name, split };
}

/**
 * The labels in the names of files of one folder; undefined where they say none, or only one.
 *
 * @throws CliError DATA_LAYOUT_UNCLEAR where some names say one and others do not.
 */
export function labelsOfNames(files: readonly Parts[], raw: string): ReadonlySet<string> | undefined {
  const labels = new Set<string>();
  let other: Parts | undefined;
  for (const path of files) {
    const label = NUMBERED.exec(path.at(-1) ?? '')?.[1];
    if (label === undefined) other ??= path;
    else labels.add(label);
  }
  if (labels.size < 2) return undefined;
  if (other === undefined) return labels;
  throw unclear(
    `Some photographs of ${raw} have a label before a number in their names (${some([...labels])}), and ${other.join('/')} has none.`,
    'Rename it, move it out of there, or put all photographs into one folder a label, such as cat/ and dog/.',
  );
}

/** Folders that all paths share, as far as no file lies beside the next one. */
export function sharedFolders(paths: readonly Parts[]): number {
  const [first] = paths;
  if (first === undefined) return 0;
  let depth = 0;
  while (paths.every((path) => path.length > depth + 1 && path[depth] === first[depth])) depth += 1;
  return depth;
}

/** At most a few folders, for people. */
export const some = (names: readonly string[]): string =>
  list([...names.slice(0, NAMES_SHOWN), ...(names.length > NAMES_SHOWN ? [`${names.length - NAMES_SHOWN} more`] : [])]);

/** A folder that could be read in more than one way, or in none. */
export const unclear = (message: string, hint = WANTED): CliError => new CliError('DATA_LAYOUT_UNCLEAR', message, hint);
