import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { inRepository } from '@pawl/test-kit/repository';

/** Files that somebody made and may have rights in: pictures, weights, and attestations of others. */
const NEEDS_A_SOURCE = /\.(jpe?g|png|webp|gif|avif|tiff?|ico|onnx|sigstore\.json)$|(^|\/)trusted_root\.json$/i;
/** Pages that name sources; in the folder of a file or above it. */
const PAGES = ['NOTICE.md', 'CREDITS.md'];
const LICENCE = /CC0|CC.BY|public.domain|BSD|MIT|Apache|LGPL|GPL/i;

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: inRepository(''),
})
  .toString()
  .split('\0')
  .filter((file) => NEEDS_A_SOURCE.test(file) && existsSync(inRepository(file)));

/** The row of a table that names a file, in the nearest page that has one; with its page. */
function entryOf(file: string): { readonly page: string; readonly cells: readonly string[] } | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    for (const name of PAGES) {
      const page = join(folder, name);
      if (!existsSync(inRepository(page))) continue;
      const names = [relative(folder, file), basename(file)];
      for (const line of readFileSync(inRepository(page), 'utf8').split('\n')) {
        const cells = line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim());
        if (names.includes((cells[0] ?? '').replaceAll('`', ''))) return { page, cells };
      }
    }
    if (folder === '.') return undefined;
  }
}

describe('pictures, weights and attestations', () => {
  it('are found', () => {
    expect(files).toEqual(expect.arrayContaining(['models/catdog/model.onnx', 'docs/page.png']));
    expect(files.length).toBeGreaterThan(70);
  });

  it.each(files)('%s has a source and a licence on record', (file) => {
    const entry = entryOf(file);
    expect([file, entry?.page]).toEqual([file, expect.stringMatching(/(NOTICE|CREDITS)\.md$/)]);
    const [, ...others] = entry?.cells ?? [];
    const page = readFileSync(inRepository(entry?.page ?? ''), 'utf8');
    // One licence for all may stand above the table.
    const licence =
      others.find((cell) => LICENCE.test(cell)) ?? (LICENCE.test(page.split('\n|')[0] ?? '') ? page : undefined);
    expect([file, licence]).toEqual([file, expect.any(String)]);
    expect(others.filter((cell) => cell.length > 3).length).toBeGreaterThan(0);
  });

  it('has no entry for a file that is gone', () => {
    for (const file of files) {
      const page = entryOf(file)?.page ?? '';
      const named = [
        ...readFileSync(inRepository(page), 'utf8').matchAll(/^\| `?([^`|\s]+\.(?:jpe?g|png|onnx|json))`? +\|/gm),
      ];
      for (const [, name = ''] of named) {
        const places = [dirname(page), join(dirname(page), 'golden')].map((folder) => join(folder, name));
        expect([page, name, places.some((place) => existsSync(inRepository(place)))]).toEqual([page, name, true]);
      }
    }
  });

  it.each(['catdog', 'backbones/resnet18'])('the licence of models/%s is that of its lineage', (bundle) => {
    const manifest = JSON.parse(readFileSync(inRepository(`models/${bundle}/manifest.json`), 'utf8')) as Manifest;
    const stated = JSON.stringify(manifest.lineage)
      .match(/CC0.1\.0|Apache-2\.0/)?.[0]
      .replace(' ', '-');
    expect(stated).toEqual(expect.any(String));
    expect(entryOf(`models/${bundle}/model.onnx`)?.cells.join()).toContain(`(${stated ?? ''})`);
  });
});
