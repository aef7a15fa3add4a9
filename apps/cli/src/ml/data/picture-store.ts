import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { hasCode } from '@pawl/shared/errors/system-error';
import { writeError } from '../../errors/write-error.ts';
import { splits, type DatasetItem } from './dataset.ts';
import { DATA_ADVICE, type Disk } from './disk.ts';
import { formatIndex, INDEX_FILE } from './index-file.ts';
import { UNFINISHED_FILE } from './open-dataset.ts';

/** Folder of a prepared folder that is no part of the data set: pictures that are not in it, what is known of the raw files. */
export const WORK_FOLDER = '.prepare';
const SPARE = `${WORK_FOLDER}/pictures`;

/** File name of the picture made of a photograph: 128 bits of its digest. */
const nameOf = (source: string) => `${source.slice('sha256:'.length, 'sha256:'.length + 32)}.png`;
/** Only such files are ever moved or deleted. */
const OURS = /^[0-9a-f]{32}\.png$/;

/** Where a picture belongs in the data set. */
export const itemPath = (split: string, label: string, source: string): string => `${split}/${label}/${nameOf(source)}`;

/** The prepared pictures of one folder, by the digest of the photograph that they were made of, wherever they lie. */
export class PictureStore {
  readonly #folder: string;
  readonly #disk: Disk;
  /** File name -> path below the folder. */
  readonly #places: Map<string, string>;

  private constructor(folder: string, disk: Disk, places: Map<string, string>) {
    this.#folder = folder;
    this.#disk = disk;
    this.#places = places;
  }

  /** Opens a folder, which need not exist, with what earlier runs left in it. */
  static async open(folder: string, disk: Disk): Promise<PictureStore> {
    const places = new Map<string, string>();
    const collect = async (place: string) => {
      for (const name of await namesIn(join(folder, place))) if (OURS.test(name)) places.set(name, `${place}/${name}`);
    };
    await collect(SPARE);
    for (const split of splits)
      for (const label of await namesIn(join(folder, split))) await collect(`${split}/${label}`);
    return new PictureStore(folder, disk, places);
  }

  /** Whether the picture of a photograph is here with exactly these bytes. */
  async has(source: string, digest: string): Promise<boolean> {
    if (!this.#places.has(nameOf(source))) return false;
    return digestOfBytes(await this.read(source)) === digest;
  }

  /** @throws ENOENT where there is none. */
  async read(source: string): Promise<Uint8Array<ArrayBuffer>> {
    return await readFile(join(this.#folder, this.#places.get(nameOf(source)) ?? `${SPARE}/${nameOf(source)}`));
  }

  /** Keeps a picture outside the data set, until {@link arrange}. @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
  async save(source: string, bytes: Uint8Array): Promise<void> {
    const name = nameOf(source);
    const path = this.#places.get(name) ?? `${SPARE}/${name}`;
    await this.#disk.write(join(this.#folder, path), bytes);
    this.#places.set(name, path);
  }

  /**
   * Makes the folder the data set of these items: pictures move to their places, those of `spare` photographs out of it, any
   * other picture of an earlier run goes. While it works, `openDataset` refuses the folder; a run that is killed in between
   * is continued by the next one. A folder that is as it should be is not touched.
   *
   * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
   */
  async arrange(items: readonly DatasetItem[], spare: readonly string[]): Promise<void> {
    const wanted = new Map(spare.map((source) => [nameOf(source), `${SPARE}/${nameOf(source)}`]));
    for (const { path } of items) wanted.set(path.slice(path.lastIndexOf('/') + 1), path);
    const moves = [...this.#places].filter(([name, path]) => wanted.get(name) !== path);
    const index = formatIndex(items);
    const present = await readFile(join(this.#folder, INDEX_FILE), 'utf8').catch(() => undefined);
    const unfinished = join(this.#folder, UNFINISHED_FILE);
    if (moves.length > 0 || present !== index) {
      await this.#disk.write(unfinished, '');
      try {
        for (const [name, path] of moves) await this.#move(name, path, wanted.get(name));
      } catch (cause) {
        throw writeError(this.#folder, cause, DATA_ADVICE);
      }
      await this.#disk.write(join(this.#folder, INDEX_FILE), index);
    }
    await rm(unfinished, { force: true });
  }

  async #move(name: string, from: string, to: string | undefined): Promise<void> {
    if (to === undefined) {
      await rm(join(this.#folder, from), { force: true });
      this.#places.delete(name);
    } else {
      await mkdir(dirname(join(this.#folder, to)), { recursive: true });
      await rename(join(this.#folder, from), join(this.#folder, to));
      this.#places.set(name, to);
    }
    // The folder of a label that is gone; one that still holds something stays.
    await rmdir(dirname(join(this.#folder, from))).catch(() => undefined);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
