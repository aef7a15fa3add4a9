import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { aContext, aFolder, aPhotograph, aRawFolder, aScene, put } from '../../../test/support/photographs.ts';
import { themeFor } from '../../terminal/theme.ts';
import { paramsSchema } from '../params/params.ts';
import { prepare } from './prepare.ts';
import { renderPreparation } from './render-preparation.ts';

/** Prepares `raw` into a new folder. */
async function run(raw: string) {
  const to = aFolder();
  const context = aContext(to);
  const { report, items } = await prepare(context, {
    raw,
    out: 'out',
    report: 'report',
    parameters: paramsSchema.parse({}).preprocess,
  });
  const layout = context.written.find((line) => line.startsWith('Layout: '));
  const page = readFileSync(join(to, 'report/report.html'), 'utf8');
  const shown = renderPreparation(report, { out: 'out', report: 'report' }, themeFor({ write: () => true }, {}));
  return { report, items, layout, page, shown };
}

const ten = { train: 8, val: 1, test: 1 };

describe('pawl data prepare reads the layouts that people have', () => {
  it('a folder around the folders of labels, with capitals, from folder and archive', async () => {
    const raw = await aRawFolder(10, ['PetImages/Cat', 'PetImages/Dog']);
    put(raw, 'readme[1].txt', 'x');
    const { report, layout, items } = await run(raw);
    expect(report.labels).toEqual({ cat: ten, dog: ten });
    expect(layout).toBe('Layout: one folder a label in PetImages/ (Cat is cat, Dog is dog)\n');
    expect(report.layout).toEqual({ text: layout!.slice('Layout: '.length).trim(), given: [] });
    const archive = join(aFolder(), 'raw.tar');
    execFileSync('tar', ['cf', archive, '.'], { cwd: raw });
    expect((await run(archive)).items).toEqual(items);
  });

  it('labels in the names of the files, beside a test folder without any', async () => {
    const raw = aFolder();
    for (let i = 0; i < 20; i++) put(raw, `train/${i % 2 ? 'cat' : 'dog'}.${i}.jpg`, await aPhotograph(i));
    put(raw, 'test1/1.jpg', await aPhotograph(100));
    const { report, layout, shown } = await run(raw);
    expect(report.labels).toEqual({ cat: ten, dog: ten });
    expect(layout).toMatch(/^Layout: the label before a number in .* in train\/; not used: test1\/\n$/);
    expect(report.ignored).toEqual([{ path: 'test1/1.jpg', reason: 'neither a folder nor its name says a label' }]);
    expect(shown).toContain('1  ignored');
  });

  it('folders of splits, which are kept', async () => {
    const labels = ['cat', 'dog'].flatMap((label) => ['train', 'valid', 'test'].map((split) => `${split}/${label}`));
    const { report, items, layout, page, shown } = await run(await aRawFolder(3, labels));
    expect(layout).toBe('Layout: train/valid/test folders; their splits are kept\n');
    expect(report.labels).toEqual({ cat: { train: 3, val: 3, test: 3 }, dog: { train: 3, val: 3, test: 3 } });
    for (const { source, split } of items) expect(source!.path.startsWith(split)).toBe(true);
    expect(report.concerns).toEqual([]);
    expect(page).toContain('in the splits of its folders');
    expect(shown).not.toContain('more than one split');
  });

  it('two splits: val is drawn from train, and what both have is told', async () => {
    const raw = await aRawFolder(9, ['train/cat', 'train/dog', 'test/cat', 'test/dog']);
    // A picture of train/cat, altered, and one of train/dog as it is.
    put(raw, 'test/cat/altered.jpg', await aScene(0).jpeg({ quality: 30 }).toBuffer());
    put(raw, 'test/dog/same.jpg', readFileSync(join(raw, 'train/dog/3.jpg')));
    const { report, layout, page, shown, items } = await run(raw);
    expect(layout).toBe('Layout: train/test folders; their splits are kept; val is drawn from train\n');
    expect(report.labels).toEqual({ cat: { train: 8, val: 1, test: 10 }, dog: { train: 7, val: 1, test: 10 } });
    expect(items.find(({ source }) => source!.path === 'test/dog/same.jpg')?.split).toBe('test');
    expect(report.concerns).toEqual([
      expect.stringMatching(
        /^1 group of near-duplicates lies in more than one split, such as (test\/cat\/altered.jpg and train\/cat\/0.jpg|train\/cat\/0.jpg and test\/cat\/altered.jpg):/,
      ) as string,
      expect.stringMatching(/^1 picture lies in more than one split; each is kept once, in test before val/) as string,
    ]);
    expect(report.nearDuplicates).toMatchObject([{ members: [{ split: 'test' }, {}] }]);
    expect(report.nearDuplicates[0]).not.toHaveProperty('split');
    expect(page).toContain('in more than one split</span>');
    expect(shown).toContain('1  of these groups lie in more than one split');
  });

  it('no split without a label: an error that says where it lacks', async () => {
    const raw = await aRawFolder(9, ['train/cat', 'train/dog', 'test/cat']);
    await expect(run(raw)).rejects.toMatchObject({
      code: 'DATA_SPLIT_EMPTY',
      message: /test split, which is kept as its folder is, holds no picture of dog/,
      hint: /.../,
    });
  });

  it('nothing that could be two layouts', async () => {
    const raw = await aRawFolder(1, ['train/cat', 'train/dog', 'dog']);
    await expect(run(raw)).rejects.toMatchObject({ code: 'DATA_LAYOUT_UNCLEAR', hint: /.../ });
  });

  it('photographs beside no folder: an error that says so', async () => {
    const raw = aFolder();
    put(raw, '1.jpg', await aPhotograph(1));
    await expect(run(raw)).rejects.toMatchObject({ code: 'DATA_EMPTY', message: /1 photograph, none in a folder/ });
  });
});

describe('what is not used is named', () => {
  it('folders that are no labels', async () => {
    const raw = await aRawFolder(10);
    for (const folder of ['__MACOSX/cat', 'neither', '.cache']) put(raw, `${folder}/1.jpg`, await aPhotograph(100));
    const { report, layout } = await run(raw);
    expect(Object.keys(report.labels)).toEqual(['cat', 'dog']);
    expect(layout).toBe('Layout: one folder a label; not used: .cache/, __MACOSX/ and neither/\n');
    expect(report.ignored.map(({ path, reason }) => [path, reason.slice(0, 11)])).toEqual([
      ['.cache/1.jpg', 'hidden'],
      ['__MACOSX/cat/1.jpg', 'left behind'],
      ['neither/1.jpg', 'shows none '],
    ]);
  });

  it('links that lead out of the folder; others are followed', async () => {
    const folder = aFolder();
    put(folder, 'elsewhere/1.jpg', await aPhotograph(500));
    // Begins as the folder is called, and is another one.
    put(folder, 'raw-too/1.jpg', await aPhotograph(501));
    const raw = join(folder, 'raw');
    renameSync(await aRawFolder(10), raw);
    put(raw, 'dog/deep/moved.jpg', await aPhotograph(502));
    symlinkSync('../../elsewhere', join(raw, 'cat/all'));
    symlinkSync('../../elsewhere/1.jpg', join(raw, 'cat/one.jpg'));
    symlinkSync(join(folder, 'raw-too/1.jpg'), join(raw, 'dog/absolute.jpg'));
    mkdirSync(join(raw, 'cat/inside'));
    symlinkSync('../3.jpg', join(raw, 'cat/inside/linked.jpg'));
    symlinkSync('deep', join(raw, 'dog/again'));
    symlinkSync('..', join(raw, 'cat/up'));
    // The folder itself may be a link.
    symlinkSync('raw', join(folder, 'called'));
    const { report } = await run(join(folder, 'called'));
    const out = 'a link that leads out of the folder, which is not followed';
    expect(report.ignored).toEqual(
      ['cat/all', 'cat/one.jpg', 'dog/absolute.jpg'].map((path) => ({ path, reason: out })),
    );
    expect(report.duplicates.flatMap(({ kept, left }) => [kept, ...left].map(({ path }) => path)).sort()).toEqual([
      'cat/3.jpg',
      'cat/inside/linked.jpg',
      'dog/again/moved.jpg',
      'dog/deep/moved.jpg',
    ]);
  });

  it('links that lead out, also where there is nothing else', async () => {
    const [raw, elsewhere] = [aFolder(), await aRawFolder(1)];
    for (const label of ['cat', 'dog']) symlinkSync(join(elsewhere, label), join(raw, label));
    await expect(run(raw)).rejects.toMatchObject({
      code: 'DATA_EMPTY',
      message: /among its 2 files, of which 2 are links that lead out of it/,
      hint: /copy them/,
    });
  });

  it('links of an archive', async () => {
    const raw = await aRawFolder(10);
    symlinkSync('/etc/hostname', join(raw, 'cat/host.jpg'));
    const archive = join(aFolder(), 'raw.tar');
    execFileSync('tar', ['cf', archive, '.'], { cwd: raw });
    expect((await run(archive)).report.ignored).toEqual([
      { path: 'cat/host.jpg', reason: expect.stringMatching(/^a link/) as string },
    ]);
  });
});
