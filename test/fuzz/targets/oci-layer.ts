import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { extractLayer, packLayer, readLayerHead } from '@pawl/shared/bundle/oci-layer';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { pack } from 'tar-stream';
import { aBundle } from '@pawl/test-kit/bundles';
import { ensure, type FuzzTarget } from '../engine/target.ts';
import { repairTar } from '../support/tar.ts';

/** Entries of all kinds that a layer must not have. */
async function oddTar(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'golden', type: 'symlink', linkname: '/tmp' });
  tar.entry({ name: 'link', type: 'link', linkname: 'model.onnx' });
  tar.entry({ name: '../out', size: 1 }, 'x');
  tar.entry({ name: `deep/${'a/'.repeat(200)}b`, size: 1 }, 'x');
  tar.entry({ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 });
  tar.finalize();
  return await buffer(Readable.from(tar));
}

let bundle: Bundle;

/** What lies below a folder, by relative path. */
const below = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** The tar of an image's layer, by a registry. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: ['BUNDLE_IMAGE_INVALID'],
  iterations: 400,
  words: [
    'manifest.json',
    'manifest.json.sig',
    'model.onnx',
    '../',
    '/',
    'ustar\0',
    '25 path=../../evil\n',
    'golden/cat-1.jpg',
  ],
  repair: repairTar,
  seeds: async () => {
    bundle = await aBundle({ modelSize: 3000 });
    return [await buffer(await packLayer(bundle)), await oddTar()];
  },
  run: async (input, random) => {
    const compression = random.below(4) === 0 ? 'gzip' : 'none';
    const layer = compression === 'gzip' && random.below(8) > 0 ? gzipSync(input, { level: 1 }) : input;
    const scratch = mkdtempSync(join(tmpdir(), 'pawl-fuzz-'));
    try {
      if (random.below(2) === 0) {
        const head = await readLayerHead(Readable.from([layer]), compression);
        ensure(
          [...head.keys()].every((name) => name.startsWith('manifest.json')),
          'a head has a manifest and its signature',
        );
        return;
      }
      writeFileSync(join(scratch, 'layer'), layer);
      const folder = join(scratch, 'out');
      const expected = new Map(bundle.manifest.files.map(({ path, size }) => [path, size]));
      try {
        await extractLayer(join(scratch, 'layer'), folder, bundle, compression, new AbortController().signal);
      } finally {
        const written = below(scratch).filter((path) => path !== 'layer');
        for (const path of written) {
          const size = expected.get(relative('out', path));
          ensure(
            size !== undefined && statSync(join(scratch, path)).size <= size,
            `${path} is listed and no longer than said`,
          );
        }
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};
