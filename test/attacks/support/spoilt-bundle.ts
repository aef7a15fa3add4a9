import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { catdog } from '@pawl/test-kit/repository';

/** What an author makes of the shipped bundle. */
interface Spoiling {
  /** Bytes of another model; its digest is right. */
  readonly model?: (shipped: Buffer) => Uint8Array;
  /** Changes the manifest behind the back of whatever judges it when it is written. */
  readonly manifest?: (manifest: Manifest) => unknown;
}

/** Writes the shipped bundle, spoilt, into a folder; all digests are right. */
export async function spoiltBundle(
  folder: string,
  { model = (shipped) => shipped, manifest }: Spoiling,
): Promise<{ readonly uri: string }> {
  const { files, ...draft } = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as Manifest;
  const sources = files.map(({ path }) => {
    const shipped = join(catdog, path);
    return { path, source: path === draft.model ? model(readFileSync(shipped)) : shipped };
  });
  const written = await writeBundle(folder, draft, sources);
  if (manifest !== undefined) writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest(written.manifest)));
  return { uri: pathToFileURL(folder).href };
}
