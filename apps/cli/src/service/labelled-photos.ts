import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors/cli-error.ts';
import { isNamedLike, listFiles } from '../files/list-photographs.ts';
import { formatNames, imageFormats } from '@pawl/shared/preprocessing/image-format';
import { createRandom } from '@pawl/shared/statistics/random';

/** A photograph whose label is known. */
export interface LabelledPhoto {
  readonly label: string;
  /** File name without folders. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** The photographs that every clone and the image of this program have: those that an environment is accepted with. */
export const bundledPhotos = fileURLToPath(new URL('../../../../charts/pawl/acceptance', import.meta.url));

/**
 * The photographs of a folder, sorted by path. Their labels are the names of the folders at its top (`cat/any/1.jpg`), or, for
 * files that lie in it directly, what stands before the first dot (`cat.tabby.jpg`), as the keys of an acceptance ConfigMap.
 *
 * @throws CliError FILE_NOT_FOUND, DATA_EMPTY.
 */
export async function readLabelledPhotos(folder: string): Promise<LabelledPhoto[]> {
  const photos = (await listFiles(folder))
    .filter(({ name, size }) => size !== undefined && size > 0 && isNamedLike(name, imageFormats))
    .map(({ name }) => ({ label: labelOf(name), name: basename(name), path: join(folder, name) }));
  if (photos.length > 0) return photos;
  throw new CliError(
    'DATA_EMPTY',
    `${folder} holds no photographs; expected LABEL/FILE.jpg or LABEL.NAME.jpg (${formatNames}).`,
    'Name a folder of labelled photographs with --photos.',
  );
}

function labelOf(name: string): string {
  const slash = name.indexOf('/');
  return slash === -1 ? name.slice(0, name.indexOf('.')) : name.slice(0, slash);
}

/** A single photograph, whose label nobody knows. @throws CliError FILE_NOT_FOUND. */
export async function assertFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return;
  throw new CliError('FILE_NOT_FOUND', `${path} is not a file.`, 'Name a photograph with --image.');
}

/**
 * Which photograph is sent when: `count` of them in an order that the seed decides. All of them are sent before one is sent
 * again, and every round has an order of its own.
 */
export function sendingOrder<T>(photos: readonly T[], count: number, seed: number): T[] {
  const random = createRandom(seed);
  const order: T[] = [];
  while (order.length < count && photos.length > 0)
    for (const index of random.permutation(photos.length)) order.push(photos[index] as T);
  return order.slice(0, count);
}
