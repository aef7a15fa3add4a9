import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder, put } from '../../../test/support/photographs.ts';
import { formatIndex, INDEX_FILE } from './index-file.ts';
import { openDataset, UNFINISHED_FILE } from './open-dataset.ts';
import { packable, writeArchive } from './pack.ts';

const sha256 = (bytes: string | Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A prepared folder whose pictures hold their own path. */
function aPrepared(hasIndex: boolean): { readonly folder: string; readonly paths: readonly string[] } {
  const folder = aFolder();
  const paths = ['test/cat/b.png', 'test/dog/a.png', 'train/cat/a.png', 'train/dog/c.png', 'val/cat/x.png'];
  for (const path of paths) put(folder, path, `picture ${path}`);
  if (hasIndex)
    put(
      folder,
      INDEX_FILE,
      formatIndex(
        [...paths].reverse().map((path) => ({
          path,
          split: path.split('/')[0] as 'train',
          label: path.split('/')[1]!,
          digest: sha256(`picture ${path}`),
          source: {
            path: `raw/${path}`,
            digest: sha256(path),
            format: 'jpeg',
            width: 3,
            height: 2,
            bytes: 9,
            brightness: 1.5,
          },
        })),
      ),
    );
  return { folder, paths };
}

const tarOf = async (folder: string) => {
  const archive = join(aFolder(), 'data.tar');
  const { files } = await packable(folder, archive);
  await writeArchive(folder, files, archive);
  return archive;
};

describe.each([
  ['a folder with an index', true, (folder: string) => Promise.resolve(folder)],
  ['a folder without', false, (folder: string) => Promise.resolve(folder)],
  ['an archive with an index', true, tarOf],
  ['an archive without', false, tarOf],
  [
    'an archive by tar itself',
    true,
    (folder: string) => {
      const archive = join(aFolder(), 'data.tar');
      execFileSync('tar', ['-cf', archive, '-C', folder, '.']);
      return Promise.resolve(archive);
    },
  ],
] as const)('openDataset of %s', (_, hasIndex, place) => {
  it('lists sorted items, and reads them in any order', async () => {
    const { folder, paths } = aPrepared(hasIndex);
    const data = await openDataset(await place(folder));
    expect(data.labels).toEqual(['cat', 'dog']);
    expect(data.items.map(({ path }) => path)).toEqual(paths);
    expect(data.items[0]).toMatchObject({ split: 'test', label: 'cat', digest: sha256('picture test/cat/b.png') });
    expect(data.items[0]!.source?.path).toBe(hasIndex ? 'raw/test/cat/b.png' : undefined);
    for (const item of [...data.items].reverse())
      expect(Buffer.from(await data.read(item)).toString()).toBe(`picture ${item.path}`);
    await data.close();
  });

  it('has the hash of the sorted lines of digests and paths', async () => {
    const { folder, paths } = aPrepared(hasIndex);
    const data = await openDataset(await place(folder));
    const lines = paths.map((path) => `${sha256(`picture ${path}`)}  ${path}\n`).sort();
    expect(data.hash).toBe(sha256(lines.join('')));
    await data.close();
  });
});

describe('openDataset', () => {
  it('changes its hash with a picture, and with a picture’s split', async () => {
    const hashOf = async (folder: string) => {
      const data = await openDataset(folder);
      await data.close();
      return data.hash;
    };
    const { folder } = aPrepared(false);
    const before = await hashOf(folder);
    put(folder, 'train/cat/a.png', 'another picture');
    const changed = await hashOf(folder);
    put(folder, 'train/cat/a.png', 'picture train/cat/a.png');
    expect(await hashOf(folder)).toBe(before);
    put(folder, 'val/cat/a.png', 'picture train/cat/a.png');
    rmSync(join(folder, 'train/cat/a.png'));
    expect(new Set([before, changed, await hashOf(folder)]).size).toBe(3);
  });

  it('refuses a picture that was changed after it was prepared', async () => {
    const { folder } = aPrepared(true);
    const data = await openDataset(folder);
    put(folder, 'train/cat/a.png', 'changed');
    const item = data.items.find(({ path }) => path === 'train/cat/a.png')!;
    await expect(data.read(item)).rejects.toMatchObject({ code: 'DATA_UNREADABLE', hint: /prepare/ });
  });

  it.each([
    ['nothing there', (folder: string) => join(folder, 'nope'), 'FILE_NOT_FOUND'],
    [
      'an empty folder',
      (folder: string) => {
        mkdirSync(join(folder, 'empty'));
        return join(folder, 'empty');
      },
      'DATA_EMPTY',
    ],
    [
      'one label',
      (folder: string) => {
        put(folder, 'one/train/cat/a.png', 'x');
        return join(folder, 'one');
      },
      'DATA_ONE_CLASS',
    ],
    [
      'a picture that the index lists is gone',
      (folder: string) => {
        rmSync(join(folder, 'val/cat/x.png'));
        return folder;
      },
      'DATA_UNREADABLE',
    ],
    [
      'a line of the index is broken',
      (folder: string) => {
        writeFileSync(join(folder, INDEX_FILE), '{"path":"train/cat/a.png","split":"tr');
        return folder;
      },
      'DATA_UNREADABLE',
    ],
    [
      'a path of the index leads out',
      (folder: string) => {
        const line = readFileSync(join(folder, INDEX_FILE), 'utf8').replaceAll('val/cat/x.png', 'val/../../x.png');
        writeFileSync(join(folder, INDEX_FILE), line);
        return folder;
      },
      'DATA_UNREADABLE',
    ],
    [
      'a preparation that was stopped',
      (folder: string) => {
        put(folder, UNFINISHED_FILE, '');
        return folder;
      },
      'DATA_UNREADABLE',
    ],
    [
      'a file that is no archive',
      (folder: string) => {
        put(folder, 'x.tar', 'not a tar archive'.repeat(100));
        return join(folder, 'x.tar');
      },
      'DATA_UNREADABLE',
    ],
  ])('%s: a clear error', async (_, break_, code) => {
    const { folder } = aPrepared(true);
    await expect(openDataset(break_(folder))).rejects.toMatchObject({ name: 'CliError', code });
  });

  it('an archive that is cut short: a clear error', async () => {
    const archive = await tarOf(aPrepared(true).folder);
    truncateSync(archive, 2000);
    await expect(openDataset(archive)).rejects.toMatchObject({ name: 'CliError', code: 'DATA_UNREADABLE' });
  });

  it('stops when the signal says so', async () => {
    const archive = await tarOf(aPrepared(true).folder);
    await expect(openDataset(archive, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
