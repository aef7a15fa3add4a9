import { splits } from './dataset.ts';
import {
  folderOf,
  labelsOfNames,
  nameOf,
  NO_FOLDER,
  sharedFolders,
  some,
  splitOf,
  unclear,
  type NamedLayout,
  type NamedPlace,
  type Parts,
} from './layout-paths.ts';

/** How the photographs of one split say what they show: by their folders, by their names, or not at all. */
type Kind = 'folders' | 'names' | 'none';

/**
 * Pure: photographs in one folder a split, each with one folder a label or with labels in the names of its files. A split
 * without labels, as competitions have it for test, is left out.
 *
 * @param depth of the folders of splits, all of which are called as one.
 * @throws CliError DATA_LAYOUT_UNCLEAR where no split has labels, or train has none.
 */
export function findInSplits(paths: readonly Parts[], depth: number, raw: string): NamedLayout {
  const groups = Map.groupBy(
    paths.filter((path) => path.length > depth + 1),
    (path) => path[depth] ?? '',
  );
  const kinds = new Map([...groups].map(([top, members]) => [top, kindOf(members, depth, raw)]));
  const labelled = [...groups.keys()]
    .filter((top) => kinds.get(top) !== 'none')
    .sort((a, b) => orderOf(a) - orderOf(b));
  const unlabelled = [...groups.keys()].filter((top) => !labelled.includes(top));
  const root = paths.find((path) => path.length > depth + 1)?.slice(0, depth) ?? [];
  const at = (top: string) => [...root, top].join('/') + '/';
  const given = splits.filter((split) => labelled.some((top) => splitOf(top) === split));
  if (given.length === 0)
    throw unclear(
      `${some([...groups.keys()].map(at))} of ${raw} are folders of splits, and nothing says what their photographs show.`,
      'Put the photographs of each into one folder a label, such as train/cat/ and train/dog/.',
    );
  if (!given.includes('train'))
    throw unclear(
      `${raw} has ${some(labelled.map(at))} with labels, and no train/ with labels.`,
      'Add train/ with one folder a label, or move the folders of labels out of there: then all splits are drawn.',
    );
  const labels = labelDepth(
    [...groups].filter(([top]) => kinds.get(top) === 'folders').map(([, members]) => members),
    depth,
  );
  const placeOf = (path: Parts): NamedPlace => {
    const top = path.length > depth + 1 ? (path[depth] ?? '') : '';
    const split = given.length > 1 ? splitOf(top) : undefined;
    const kind = kinds.get(top);
    if (kind === 'folders') return folderOf(path, labels, split);
    return kind === 'names' ? nameOf(path, depth, split) : { reason: kind === 'none' ? NO_LABEL : NO_FOLDER };
  };
  const place = root.length === 0 ? '' : ` in ${root.join('/')}/`;
  const [train = ''] = labelled;
  return {
    description:
      given.length > 1
        ? `${labelled.join('/')} folders${place}; their splits are kept`
        : `${kinds.get(train) === 'names' ? 'the label before a number in the names of the files' : 'one folder a label'} in ${at(train)}`,
    given: given.length > 1 ? given : [],
    unlabelled: unlabelled.map(at),
    places: paths.map(placeOf),
  };
}

const NO_LABEL = 'neither a folder nor its name says a label';

const orderOf = (top: string): number => splits.findIndex((split) => split === splitOf(top));

function kindOf(members: readonly Parts[], depth: number, raw: string): Kind {
  const inner = sharedFolders(members);
  const isFlat = members.every((path) => path.length === inner + 1);
  // Kaggle's archives have train/train/ and the like.
  const isUnnamed = members[0]?.slice(depth, inner).every((folder) => splitOf(folder) !== undefined) ?? false;
  if (!isFlat || !isUnnamed) return 'folders';
  return labelsOfNames(members, raw) === undefined ? 'none' : 'names';
}

/** Depth of the folders of labels: where the first split has several. */
function labelDepth(groups: readonly (readonly Parts[])[], depth: number): number {
  const several = groups
    .map((members) => ({ members, inner: sharedFolders(members) }))
    .filter(({ members, inner }) => members.some((path) => path.length > inner + 1))
    .map(({ inner }) => inner);
  return several.length === 0 ? depth + 1 : Math.min(...several);
}
