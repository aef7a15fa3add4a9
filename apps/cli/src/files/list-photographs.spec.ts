import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder, aPhotograph, aScene, put } from '../../test/support/photographs.ts';
import { listPhotographs } from './list-photographs.ts';

describe('listPhotographs', () => {
  it('finds JPEG and PNG and no others, also in nested folders, with the label of the outermost folder', async () => {
    const folder = aFolder();
    put(folder, 'cat/a.jpg', await aPhotograph(1));
    put(folder, 'cat/b.JPEG', await aPhotograph(2));
    put(folder, 'cat/siamese/young/c.png', await aPhotograph(3, 'png'));
    put(folder, 'dog/without-extension', await aPhotograph(4));
    put(folder, 'dog/broken.jpg', 'not a picture');
    put(folder, 'dog/d.webp', await aScene(5).webp().toBuffer());
    put(folder, 'dog/e.gif', await aScene(6).gif().toBuffer());
    for (const name of ['dog/notes.txt', 'dog/.hidden.jpg', 'dog/.git/f.jpg', 'beside.jpg']) put(folder, name, 'x');
    const found = await listPhotographs(folder);
    expect(found.map(({ path, label }) => [label, path.slice(folder.length + 1)])).toEqual([
      ['cat', 'cat/a.jpg'],
      ['cat', 'cat/b.JPEG'],
      ['cat', 'cat/siamese/young/c.png'],
      ['dog', 'dog/broken.jpg'],
      ['dog', 'dog/without-extension'],
    ]);
    expect(await listPhotographs(folder, ['webp', 'gif'])).toHaveLength(2);
  });

  it('gives an empty list for an empty folder', async () => {
    expect(await listPhotographs(aFolder())).toEqual([]);
  });

  it('says when there is no such folder', async () => {
    await expect(listPhotographs(join(aFolder(), 'nope'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it('follows links, and comes to an end where one leads back', async () => {
    const folder = aFolder();
    put(folder, 'elsewhere/a.jpg', 'x');
    mkdirSync(join(folder, 'raw/cat'), { recursive: true });
    symlinkSync('../../elsewhere', join(folder, 'raw/cat/linked'));
    symlinkSync('..', join(folder, 'raw/cat/up'));
    symlinkSync('nowhere', join(folder, 'raw/cat/dangling.jpg'));
    const found = await listPhotographs(join(folder, 'raw'));
    expect(found.map(({ path }) => path.slice(folder.length))).toEqual(['/raw/cat/linked/a.jpg']);
  });
});
