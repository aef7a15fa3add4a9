import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { CliError } from '../../../apps/cli/src/errors/cli-error.ts';
import { openFileTree } from '../../../apps/cli/src/ml/data/file-tree.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';
import { repairTar } from '../support/tar.ts';

async function anArchive(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'cat/', type: 'directory' });
  tar.entry({ name: 'cat/1.jpg' }, Buffer.alloc(700, 1));
  tar.entry({ name: 'dog/2.jpg' }, Buffer.alloc(100, 2));
  tar.entry({ name: 'dog/link.jpg', type: 'symlink', linkname: '/etc/passwd' });
  tar.entry({ name: `dog/${'x'.repeat(150)}.jpg` }, 'x');
  tar.finalize();
  return await buffer(Readable.from(tar));
}

/** A data set as a tar archive, by whoever made it: it is read where it lies, and never beyond its end. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: [],
  iterations: 400,
  words: ['../', '/etc/passwd', 'ustar\0', '25 path=../../evil\n', '30 size=99999999999999999999\n', '\0'],
  repair: repairTar,
  seeds: async () => [await anArchive()],
  run: async (input, random) => {
    const scratch = mkdtempSync(join(tmpdir(), 'pawl-fuzz-'));
    const path = join(scratch, 'data.tar');
    writeFileSync(path, input);
    try {
      const tree = await openFileTree(path);
      try {
        for (const { name } of tree.files) {
          const bytes = await tree.read(name, random.below(2) === 0 ? 12 : undefined);
          ensure(bytes.length <= input.length, `${name} has no more bytes than the archive`);
        }
      } finally {
        await tree.close();
      }
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'DATA_UNREADABLE') throw error;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};
