import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@pawl/test-kit/eventually';
import { aFolder, put } from '../../../test/support/photographs.ts';
import { packable, writeArchive } from './pack.ts';

const files: Record<string, string> = {
  'cat/1.jpg': 'one',
  'cat/ümlaut and a space.jpg': 'two',
  'dog/empty.jpg': '',
  [`dog/${'long-'.repeat(30)}name.jpg`]: 'x'.repeat(5000),
};

const aTree = (names = Object.keys(files)) => {
  const folder = aFolder();
  for (const name of names) put(folder, name, files[name]!);
  return folder;
};

const pack = async (folder: string, archive = join(aFolder(), 'sub/data.tar')) => {
  const found = await packable(folder, archive);
  return { archive, ...(await writeArchive(folder, found.files, archive)), left: found.left };
};

describe('pawl data pack', () => {
  it('gives the same bytes for the same files, whatever their order, times and modes', async () => {
    const other = aTree(Object.keys(files).reverse());
    utimesSync(join(other, 'cat/1.jpg'), 1, 1);
    chmodSync(join(other, 'cat/1.jpg'), 0o600);
    const [a, b] = [await pack(aTree()), await pack(other)];
    expect(Buffer.compare(readFileSync(a.archive), readFileSync(b.archive))).toBe(0);
    expect(a.digest).toBe(b.digest);
  });

  it('is a tar archive that tar unpacks to the same files', async () => {
    const { archive, files: number } = await pack(aTree());
    expect(number).toBe(4);
    const to = aFolder();
    execFileSync('tar', ['-xf', archive, '-C', to]);
    for (const [name, text] of Object.entries(files)) expect(readFileSync(join(to, name), 'utf8')).toBe(text);
  });

  it('leaves out hidden files, links to nothing and out of the folder, and itself; follows links to files', async () => {
    const folder = aTree();
    put(folder, '.DS_Store', 'x');
    put(folder, 'cat/.cache/y', 'x');
    symlinkSync('nowhere', join(folder, 'cat/dangling.jpg'));
    symlinkSync('1.jpg', join(folder, 'cat/link.jpg'));
    symlinkSync(join(aTree(), 'cat'), join(folder, 'wolf'));
    const archive = join(folder, 'data.tar');
    await pack(folder, archive);
    const { left, files: number } = await pack(folder, archive);
    expect(number).toBe(5);
    expect(left.map(({ name }) => name)).toEqual(['.DS_Store', 'cat/.cache/y', 'cat/dangling.jpg', 'wolf']);
    expect(execFileSync('tar', ['-xOf', archive, 'cat/link.jpg'], { encoding: 'utf8' })).toBe('one');
  });

  it('a file that changes meanwhile is an error, and an earlier archive stays', async () => {
    const folder = aTree();
    const { archive, digest } = await pack(folder);
    const sizes = [{ name: 'cat/1.jpg', size: 2 }];
    await expect(writeArchive(folder, sizes, archive)).rejects.toMatchObject({ code: 'DATA_UNREADABLE' });
    const gone = [{ name: 'cat/gone.jpg', size: 2 }];
    await expect(writeArchive(folder, gone, archive)).rejects.toMatchObject({ name: 'CliError' });
    expect(readdirSync(join(archive, '..'))).toEqual(['data.tar']);
    expect((await pack(folder, archive)).digest).toBe(digest);
  });

  it('a folder without files is DATA_EMPTY, a missing one FILE_NOT_FOUND', async () => {
    await expect(packable(aFolder(), 'x.tar')).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    await expect(packable(join(aFolder(), 'nope'), 'x.tar')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it('stops when the signal says so, and leaves nothing', async () => {
    const folder = aTree();
    const to = aFolder();
    const { files: found } = await packable(folder, join(to, 'x.tar'));
    const signal = AbortSignal.abort(new Error('enough'));
    // Many times: a file is opened on one thread and removed on another, and which is first is chance.
    for (let round = 0; round < 300; round++)
      await expect(writeArchive(folder, found, join(to, `${round}.tar`), signal)).rejects.toThrow('enough');
    await eventually(
      'the end of what is still under way with files',
      () => !process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq')),
    );
    expect(readdirSync(to)).toEqual([]);
  });
});
