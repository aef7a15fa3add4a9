import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyEdits, undoEdits, type FileEdit } from './file-edits.ts';

let folder = '';
const at = (name: string) => join(folder, name);
const edits = (): readonly FileEdit[] => [
  { path: at('old.yaml'), before: 'old\n', after: undefined },
  { path: at('deep/new.yaml'), before: undefined, after: 'new\n' },
  { path: at('changed.yaml'), before: 'before\n', after: 'after\n' },
];
const contents = async (): Promise<Readonly<Record<string, string>>> => {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(names.map((name) => readFile(at(name), 'utf8')));
  return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']));
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-edits-'));
  await writeFile(at('old.yaml'), 'old\n');
  await writeFile(at('changed.yaml'), 'before\n');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('edits of files', () => {
  it('are made, and undone', async () => {
    const before = await contents();
    await applyEdits(edits());
    expect(await contents()).toEqual({ 'changed.yaml': 'after\n', 'deep/new.yaml': 'new\n' });
    await undoEdits(edits());
    expect(await contents()).toEqual(before);
  });

  it.each<[string, () => Promise<unknown>, FileEdit]>([
    [
      'a file that appeared meanwhile',
      () => writeFile(at('theirs.yaml'), 'theirs\n'),
      { path: 'theirs.yaml', before: undefined, after: 'ours\n' },
    ],
    ['a file that is gone', () => Promise.resolve(), { path: 'gone.yaml', before: 'x', after: undefined }],
    ['a folder in its place', () => mkdir(at('place')), { path: 'place', before: 'x', after: 'y' }],
  ])('are all undone for %s', async (_, arrange, last) => {
    await arrange();
    const before = await contents();
    await expect(applyEdits([...edits(), { ...last, path: at(last.path) }])).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
    });
    expect(await contents()).toEqual(before);
  });
});
