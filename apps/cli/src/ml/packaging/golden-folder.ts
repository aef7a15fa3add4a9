import { basename, join } from 'node:path';
import { adviceOnOtherFormat, describeOtherFormat, sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../../errors/cli-error.ts';
import { isHidden, SNIFFED_BYTES } from '../../files/list-photographs.ts';
import { count } from '../../terminal/text.ts';
import { openFileTree, type FileTree } from '../data/file-tree.ts';
import type { GoldenCandidate } from '../training/run/golden.ts';
import { nameSome } from './judge-golden.ts';
import { idOf, type Labels } from '../../bundles/labels.ts';

/** A file of the golden folder that does not become a golden image. */
export interface LeftOut {
  /** Below the folder, with `/`. */
  readonly name: string;
  readonly reason: string;
}

/** The pictures of a golden folder. */
export interface GoldenFolder {
  /** Spread evenly over the labels. */
  readonly candidates: readonly GoldenCandidate[];
  readonly leftOut: readonly LeftOut[];
  /** Pictures that were there, where there are more than are taken. */
  readonly of: number | undefined;
}

/** Pictures of a label that are taken, and of all labels together, which is what a manifest may list. */
const OF_LABEL = 16;
const MOST = 256;
/** The folder of pictures of none of the labels, which `pawl evaluate` takes. */
const NEITHER = 'neither';

/**
 * The pictures below `folder/label/`, at any depth. A folder is a label's by its id or its name. What is no picture that the
 * service takes is named with the reason, and so is a folder `neither`; of many pictures a few of each label are taken, evenly
 * through the sorted names.
 *
 * @param needs whether every label must have a picture: where nobody else checked that the labels are in the right order.
 * @throws CliError FILE_NOT_FOUND, DATA_EMPTY, DATA_LABELS_DIFFER where a folder is no label's or a label has no picture.
 */
export async function readGoldenFolder(
  folder: string,
  labels: Labels,
  needs: 'each label' | 'any label' = 'each label',
): Promise<GoldenFolder> {
  const tree = await openFileTree(folder);
  try {
    return await readTree(tree, folder, labels, needs);
  } finally {
    await tree.close();
  }
}

async function readTree(
  tree: FileTree,
  folder: string,
  labels: Labels,
  needs: 'each label' | 'any label',
): Promise<GoldenFolder> {
  const leftOut: LeftOut[] = [];
  const byLabel = new Map<string, string[]>(labels.ids.map((id) => [id, []]));
  for (const { name, size } of tree.files) {
    const [top = '', ...rest] = name.split('/');
    const label = idOf(labels, top);
    const isVisible = !isHidden(name);
    if (isVisible && rest.length > 0 && label === undefined && top !== NEITHER) throw strayFolder(folder, top, labels);
    const reason = !isVisible
      ? 'hidden'
      : rest.length === 0
        ? 'not in a folder of a label'
        : label === undefined
          ? 'shows none of the labels'
          : size === undefined
            ? 'no file, or a link to nothing'
            : await whyNoPicture(tree, name);
    if (reason !== undefined) leftOut.push({ name, reason });
    else byLabel.get(label ?? '')?.push(name);
  }
  assertPictures(folder, labels, byLabel, leftOut, needs);
  const held = [...byLabel].filter(([, names]) => names.length > 0);
  const total = held.reduce((sum, [, names]) => sum + names.length, 0);
  const each = Math.min(OF_LABEL, Math.max(1, Math.floor(MOST / held.length)));
  const candidates: GoldenCandidate[] = [];
  for (const [label, names] of held.slice(0, MOST))
    for (const name of evenly(names, each)) candidates.push({ name, label, bytes: await tree.read(name) });
  return { candidates, leftOut, of: candidates.length < total ? total : undefined };
}

/** Why a file is no picture that the service takes, by its first bytes; undefined: it is one. */
async function whyNoPicture(tree: FileTree, name: string): Promise<string | undefined> {
  const bytes = await tree.read(name, SNIFFED_BYTES).catch(() => undefined);
  if (bytes === undefined) return 'cannot be read';
  if (sniffImageFormat(bytes) !== undefined) return undefined;
  const other = describeOtherFormat(bytes);
  return other === undefined ? 'no picture' : `${other}: ${(adviceOnOtherFormat(bytes) ?? '').replace(/\.$/, '')}`;
}

/** Every nth of a list, so that `most` are left. */
const evenly = <T>(list: readonly T[], most: number): readonly T[] =>
  list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)] as T);

/** With as many labels as a manifest has room for, each needs a picture: an order that nobody checked is often wrong. */
function assertPictures(
  folder: string,
  { ids, names }: Labels,
  pictures: ReadonlyMap<string, readonly string[]>,
  leftOut: readonly LeftOut[],
  needs: 'each label' | 'any label',
): void {
  const without = ids.filter((id) => (pictures.get(id)?.length ?? 0) === 0);
  const isEnough = without.length === 0 || needs === 'any label' || ids.length > MOST;
  if (isEnough && without.length < ids.length) return;
  const shown = without.map((id) => names[id] ?? id);
  const first = leftOut.find(({ reason }) => reason !== 'hidden');
  const because =
    first === undefined ? '' : ` ${count(leftOut.length, 'file')} left out, such as ${first.name} (${first.reason}).`;
  if (without.length === ids.length)
    throw new CliError(
      'DATA_EMPTY',
      `The golden images ${folder} hold no picture in a folder of a label.${because}`,
      `Put a few photographs into ${join(basename(folder), shown[0] ?? 'label')} and so on.`,
    );
  throw new CliError(
    'DATA_LABELS_DIFFER',
    `The golden images ${folder} hold no picture of ${nameSome(shown)}: nothing would show that the label is right.${because}`,
    `Put a photograph into ${join(basename(folder), shown[0] ?? 'label')}, and so for each.`,
  );
}

const strayFolder = (folder: string, name: string, { ids, names }: Labels): CliError =>
  new CliError(
    'DATA_LABELS_DIFFER',
    `The golden images ${folder} have a folder ${name}; the labels are ${nameSome(ids.map((id) => names[id] ?? id))}.`,
    'Name one folder after each label.',
  );
