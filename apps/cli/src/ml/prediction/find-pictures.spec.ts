import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { findPictures, namesOf } from './find-pictures.ts';

const { signal } = new AbortController();
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

async function folderWith(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await aFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

describe('findPictures', () => {
  afterEach(cleanFolders);

  it('takes of a folder what is named as a picture or begins as one, by name', async () => {
    const cwd = await folderWith({
      'p/b.jpg': 'broken',
      'p/a/1.PNG': PNG,
      'p/without-ending': PNG,
      'p/photo.heic': 'refused, and said so',
      'p/notes.txt': 'hello',
      'p/.hidden.jpg': 'left behind by an editor',
      'p/.git/x.jpg': 'hidden as well',
    });
    const { pictures, ignored } = await findPictures(['p'], [], cwd, signal);
    expect(pictures.map(({ name }) => name)).toEqual(['p/a/1.PNG', 'p/b.jpg', 'p/photo.heic', 'p/without-ending']);
    expect(pictures[0]?.path).toBe(join(cwd, 'p/a/1.PNG'));
    expect(ignored).toBe(1);
  });

  it('keeps the order of the command line, with files as they are named, and the list behind', async () => {
    const cwd = await folderWith({ 'p/a.jpg': '', 'z.txt': 'whatever it holds' });
    const { pictures } = await findPictures(['z.txt', './p', 'missing.jpg'], ['q/b.jpg', '/abs/c.jpg'], cwd, signal);
    expect(pictures.map(({ name }) => name)).toEqual(['z.txt', 'p/a.jpg', 'missing.jpg', 'q/b.jpg', '/abs/c.jpg']);
  });

  it('names a file so that it is no formula and no option, and still that file', async () => {
    const cwd = await folderWith({ 'p.jpg': '' });
    const names = ['=1+1.jpg', '+a.jpg', '-rf.jpg', '@x.jpg', '\tx.jpg', ' x.jpg'];
    const { pictures } = await findPictures([], names, cwd, signal);
    expect(pictures).toEqual(names.map((name) => ({ name: `./${name}`, path: join(cwd, name) })));
  });

  it('follows a link that leads back up once', async () => {
    const cwd = await folderWith({ 'p/a.jpg': '' });
    await symlink('..', join(cwd, 'p/up'));
    const { pictures } = await findPictures(['p'], [], cwd, signal);
    expect(pictures.map(({ name }) => name)).toEqual(['p/a.jpg']);
  });

  it('says what it looked at where there is no picture', async () => {
    const cwd = await folderWith({ 'p/notes.txt': 'hello' });
    await expect(findPictures(['p'], [], cwd, signal)).rejects.toMatchObject({
      code: 'DATA_EMPTY',
      message: 'There is no picture in p among 1 file.',
    });
    await expect(findPictures([], [], cwd, signal)).rejects.toMatchObject({ code: 'DATA_EMPTY' });
  });
});

describe('namesOf', () => {
  it.each([
    ['lines', 'a.jpg\nb c.jpg\n', ['a.jpg', 'b c.jpg']],
    ['lines of Windows, empty ones among them', 'a.jpg\r\n\r\nb.jpg', ['a.jpg', 'b.jpg']],
    ['find -print0', 'a\nb.jpg\0c.jpg\0', ['a\nb.jpg', 'c.jpg']],
    ['nothing', '', []],
  ])('%s', (_, list, expected) => {
    expect(namesOf(list)).toEqual(expected);
  });
});
