import { toLabels } from '../../bundles/labels.ts';
import { aFolder, aPhotograph, put } from '../../../test/support/photographs.ts';
import { readGoldenFolder } from './golden-folder.ts';

const labels = toLabels(['cat', 'Golden Retriever'], 'x');
/** The start of a file from an iPhone. */
const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');

describe('a golden folder', () => {
  it('takes pictures at any depth, by id or name, and names all that it leaves out', async () => {
    const folder = aFolder();
    const photo = await aPhotograph(1);
    put(folder, 'cat/a.JPG', photo);
    put(folder, 'cat/2024/deep/b', photo);
    put(folder, 'cat/c.HEIC', heic);
    put(folder, 'cat/.DS_Store', 'x');
    put(folder, 'cat/Thumbs.db', 'x');
    put(folder, 'Golden Retriever/d.jpg', photo);
    put(folder, 'golden_retriever/e.jpg', photo);
    put(folder, 'neither/f.jpg', photo);
    put(folder, '.cache/g.jpg', photo);
    put(folder, 'notes.txt', 'x');
    const { candidates, leftOut, of } = await readGoldenFolder(folder, labels);
    expect(candidates.map(({ name, label }) => `${label} ${name}`)).toEqual([
      'cat cat/2024/deep/b',
      'cat cat/a.JPG',
      'golden_retriever Golden Retriever/d.jpg',
      'golden_retriever golden_retriever/e.jpg',
    ]);
    expect(Object.fromEntries(leftOut.map(({ name, reason }) => [name, reason]))).toEqual({
      '.cache/g.jpg': 'hidden',
      'cat/.DS_Store': 'hidden',
      'cat/Thumbs.db': 'no picture',
      'cat/c.HEIC': expect.stringMatching(/^a HEIC or HEIF: Convert it to JPEG/) as string,
      'neither/f.jpg': 'shows none of the labels',
      'notes.txt': 'not in a folder of a label',
    });
    expect(of).toBeUndefined();
  });

  it('takes a few of each label of many, spread through the names, and says of how many', async () => {
    const folder = aFolder();
    const photo = await aPhotograph(1);
    for (let i = 0; i < 300; i++) put(folder, `cat/${String(i).padStart(3, '0')}.jpg`, photo);
    for (let i = 0; i < 3; i++) put(folder, `golden_retriever/${i}.jpg`, photo);
    const { candidates, of } = await readGoldenFolder(folder, labels);
    const names = candidates.map(({ name }) => name);
    expect([names.length, of]).toEqual([19, 303]);
    expect([names[0], names[15]]).toEqual(['cat/000.jpg', 'cat/281.jpg']);
    expect(names.filter((name) => name.startsWith('golden'))).toHaveLength(3);
  });

  it('needs a picture of any label alone, where the order of the labels is known', async () => {
    const folder = aFolder();
    put(folder, 'cat/a.jpg', await aPhotograph(1));
    expect((await readGoldenFolder(folder, labels, 'any label')).candidates).toHaveLength(1);
    await expect(readGoldenFolder(aFolder(), labels, 'any label')).rejects.toThrow(/no picture in a folder of a label/);
  });

  it('takes one of each where there are as many labels as a manifest has room for', async () => {
    const folder = aFolder();
    const photo = await aPhotograph(1);
    const many = toLabels(
      Array.from({ length: 300 }, (_, i) => `l${i}`),
      'x',
    );
    for (const id of many.ids) for (const file of ['a', 'b']) put(folder, `${id}/${file}.jpg`, photo);
    const { candidates } = await readGoldenFolder(folder, many);
    expect(new Set(candidates.map(({ label }) => label)).size).toBe(256);
  });

  it.each([
    [
      'a folder of no label',
      { 'cat/a.jpg': true, 'poodle/a.jpg': true },
      /folder poodle; the labels are cat, Golden Retriever/,
    ],
    [
      'a label without a picture',
      { 'cat/a.jpg': true, 'golden_retriever/a.heic': false },
      /no picture of Golden Retriever: [^]*a\.heic \(a HEIC/,
    ],
    ['no picture at all', { 'cat/a.heic': false }, /no picture in a folder of a label\. 1 file left out/],
  ])('is refused: %s', async (_, files, message) => {
    const folder = aFolder();
    const photo = await aPhotograph(1);
    for (const [name, isPhoto] of Object.entries(files)) put(folder, name, isPhoto ? photo : heic);
    await expect(readGoldenFolder(folder, labels)).rejects.toThrow(message);
  });
});
