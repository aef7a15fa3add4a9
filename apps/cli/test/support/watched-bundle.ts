import { join } from 'node:path';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { Reference } from '@pawl/shared/bundle/reference';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { aFolder, someDraft, someSources } from '@pawl/test-kit/bundles';

/** A small bundle with a reference, in a folder of its own that `cleanFolders` deletes. */
export async function aWatchedBundle(reference: Reference, version = '1.4.0'): Promise<Bundle> {
  const sources = someSources(2000).map((file) =>
    file.path === 'reference.json' ? { ...file, source: Buffer.from(JSON.stringify(reference)) } : file,
  );
  return await writeBundle(join(await aFolder(), 'bundle'), someDraft({ version }), sources);
}
