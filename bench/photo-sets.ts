import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { readPhotos } from './photos.ts';

/** Photographs of one kind, in a folder. */
export interface PhotoSet {
  readonly name: string;
  readonly folder: string;
}

/** What is measured by default, and what `--sets` may name. */
export const photoSetNames = ['as-sent', '500x375'] as const;

/** The small size: that of the photographs in data sets of pets, and of what a page shows; pixels, upright or not. */
const SMALL = { long: 500, short: 375, quality: 90 } as const;

/**
 * The sets that are named: the photographs as they are, and the same ones as JPEG of 500x375, made here, because what is
 * fixed an image weighs three times as much there.
 *
 * @param source folder of photographs.
 * @returns the sets, and what deletes those that were made.
 * @throws Error for a name that is not one of {@link photoSetNames}.
 */
export async function photoSets(
  source: string,
  names: readonly string[],
): Promise<{ readonly sets: readonly PhotoSet[]; readonly remove: () => void }> {
  const unknown = names.find((name) => !photoSetNames.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`no set is called ${unknown}; there are ${photoSetNames.join(', ')}`);
  const made = mkdtempSync(join(tmpdir(), 'pawl-bench-photos-'));
  const sets: PhotoSet[] = [];
  for (const name of names) {
    const folder = name === 'as-sent' ? source : join(made, name);
    if (name !== 'as-sent') await writeSmall(source, folder);
    sets.push({ name, folder });
  }
  return {
    sets,
    remove: () => {
      rmSync(made, { recursive: true, force: true });
    },
  };
}

async function writeSmall(source: string, folder: string): Promise<void> {
  mkdirSync(folder);
  for (const { name, bytes } of readPhotos(source)) {
    const upright = sharp(bytes, { autoOrient: true });
    const { autoOrient: size } = await upright.metadata();
    const [width, height] = size.width < size.height ? [SMALL.short, SMALL.long] : [SMALL.long, SMALL.short];
    const jpeg = upright.flatten({ background: '#ffffff' }).resize(width, height, { fit: 'cover' });
    const { data } = await jpeg.jpeg({ quality: SMALL.quality }).toBuffer({ resolveWithObject: true });
    writeFileSync(join(folder, `${name.replaceAll('/', '-')}.jpg`), data);
  }
}
