import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import { REFERENCE_FILE, type Distribution, type Reference } from '@pawl/shared/bundle/reference';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { catdog } from '@pawl/test-kit/repository';

/** Ten bins of as many pictures each, between a smallest and a largest edge. */
function tenths(smallest: number, largest: number): Distribution {
  const edges = Array.from({ length: 9 }, (_, index) => smallest + (index * (largest - smallest)) / 8);
  return { edges, counts: Array<number>(10).fill(100), mean: (smallest + largest) / 2, std: (largest - smallest) / 4 };
}

/** Of photographs as people take them. */
const reference: Reference = {
  schemaVersion: 1,
  count: 1_000,
  inputs: {
    brightness: tenths(70, 160),
    contrast: tenths(35, 70),
    saturation: tenths(20, 80),
    sharpness: tenths(4, 18),
    width: tenths(300, 1_200),
    height: tenths(300, 1_200),
    aspect: tenths(0.7, 1.6),
    bytes: tenths(40_000, 400_000),
    bytes_per_pixel: tenths(0.1, 0.6),
  },
  answers: {
    count: 1_000,
    labels: { cat: 500, dog: 500 },
    confidence: {},
    scores: { confidence: tenths(0.7, 0.999) },
  },
};

/**
 * The shipped bundle with a reference to compare pictures with, and as the version that is asked for. One that has a reference
 * keeps it.
 */
export async function watchedBundle(folder: string, version: string): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as ManifestDraft & {
    readonly files: readonly { readonly path: string }[];
  };
  const { files, ...draft } = manifest;
  const sources = files.map(({ path }) => ({ path, source: join(catdog, path) }));
  const target = join(folder, version);
  if (draft.reference !== undefined) await writeBundle(target, { ...draft, version }, sources);
  else
    await writeBundle(target, { ...draft, version, reference: REFERENCE_FILE }, [
      ...sources,
      { path: REFERENCE_FILE, source: Buffer.from(JSON.stringify(reference)) },
    ]);
  return target;
}
