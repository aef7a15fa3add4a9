import type { FileTree } from './file-tree.ts';
import { findPhotographs } from './find-photographs.ts';

/** A tree of files by their first bytes. */
const treeOf = (files: Readonly<Record<string, string>>): FileTree => ({
  files: Object.entries(files).map(([name, text]) => ({ name, size: text.length })),
  read: (name) => Promise.resolve(new Uint8Array(Buffer.from(files[name] ?? '', 'latin1'))),
  close: () => Promise.resolve(),
});

describe('files that are no photographs', () => {
  it('are told as what they are', async () => {
    const tree = treeOf({
      'cat/1.jpg': '\xff\xd8\xff',
      'cat/scan.tif': 'II*\0....',
      'dog/1.jpg': '\xff\xd8\xff',
      'dog/IMG_1.HEIC': '\0\0\0\x18ftypheic\0\0\0\0mif1heic',
      'dog/notes.json': '{"a": 1}',
    });
    const { ignored } = await findPhotographs(tree, 'raw', ['jpeg', 'png']);
    expect(ignored).toEqual([
      { path: 'cat/scan.tif', reason: 'a TIFF, which is not read. Convert it to JPEG or PNG.' },
      { path: 'dog/IMG_1.HEIC', reason: expect.stringMatching(/^a HEIC or HEIF, .*Convert it to JPEG/) as string },
      { path: 'dog/notes.json', reason: 'not a photograph' },
    ]);
  });
});
