import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { CliError } from '../../errors/cli-error.ts';
import { splits, type Dataset, type DatasetItem, type Split } from './dataset.ts';
import { openFileTree, type FileTree } from './file-tree.ts';
import { hashOfItems, INDEX_FILE, parseIndex, sortItems } from './index-file.ts';

/** Stands in a prepared folder while `pawl data prepare` moves files about in it. */
export const UNFINISHED_FILE = '.prepare/unfinished';

/**
 * Opens a prepared data set: a folder or a tar archive with `train/cat/x.png` and so on. Its `index.jsonl` gives the items
 * and their digests; without one, every file at such a place is an item and is read once for its digest.
 *
 * `read` verifies the digest of what it reads.
 *
 * @throws CliError FILE_NOT_FOUND, DATA_UNREADABLE (no archive, a wrong index, a preparation that was not finished, an item
 *   that is missing), DATA_EMPTY, DATA_ONE_CLASS; the reason of `signal`.
 */
export async function openDataset(path: string, signal?: AbortSignal): Promise<Dataset> {
  const tree = await openFileTree(path, signal);
  try {
    const names = new Set(tree.files.map(({ name }) => name));
    if (names.has(UNFINISHED_FILE))
      throw new CliError(
        'DATA_UNREADABLE',
        `${path} was left unfinished by a \`pawl data prepare\` that was stopped.`,
        'Run `pawl data prepare` again; it continues where it was.',
      );
    const items = names.has(INDEX_FILE)
      ? parseIndex(Buffer.from(await tree.read(INDEX_FILE)).toString(), `${path}/${INDEX_FILE}`)
      : await itemsByPlace(tree, signal);
    const missing = items.find((item) => !names.has(item.path));
    if (missing !== undefined)
      throw new CliError(
        'DATA_UNREADABLE',
        `${path} lacks ${missing.path}, which its index lists.`,
        'Run `pawl data prepare` again.',
      );
    const labels = [...new Set(items.map(({ label }) => label))].sort(compareCodeUnits);
    assertLabels(labels, path);
    return {
      labels,
      items,
      hash: hashOfItems(items),
      async read(item) {
        const bytes = await tree.read(item.path);
        if (digestOfBytes(bytes) === item.digest) return bytes;
        throw new CliError(
          'DATA_UNREADABLE',
          `${item.path} of ${path} is not the picture that was prepared: expected ${item.digest}.`,
          'Run `pawl data prepare` again; it makes again what was changed.',
        );
      },
      close: () => tree.close(),
    };
  } catch (error) {
    await tree.close();
    throw error;
  }
}

const isSplit = (text: string | undefined): text is Split => (splits as readonly (string | undefined)[]).includes(text);

/** The items of a data set without an index. */
async function itemsByPlace(tree: FileTree, signal?: AbortSignal): Promise<DatasetItem[]> {
  const items: DatasetItem[] = [];
  const places = tree.files.flatMap(({ name, size }) => {
    const [split, label = '', file, ...deeper] = name.split('/');
    const isItem = isSplit(split) && file?.endsWith('.png') === true && deeper.length === 0 && size !== undefined;
    return isItem ? [{ path: name, split, label }] : [];
  });
  await forEachLimited(
    places,
    cpuLimit() * 2,
    async (place) => {
      items.push({ ...place, digest: digestOfBytes(await tree.read(place.path)) });
    },
    signal,
  );
  return sortItems(items);
}

function assertLabels(labels: readonly string[], path: string): void {
  const hint = `Make a data set with \`pawl data prepare\`; expected ${splits.join('/, ')}/ with one folder a label.`;
  if (labels.length === 0) throw new CliError('DATA_EMPTY', `${path} holds no prepared picture.`, hint);
  if (labels.length === 1)
    throw new CliError(
      'DATA_ONE_CLASS',
      `${path} holds pictures of ${labels[0] ?? ''} only; a classifier needs two labels or more.`,
      hint,
    );
}
