import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import sharp from 'sharp';
import { aContext, aFolder, aPhotograph, aRawFolder, aScene, put } from '../../../test/support/photographs.ts';
import { paramsSchema, type PreprocessParams } from '../params/params.ts';
import type { WriteBytes } from './disk.ts';
import { INDEX_FILE } from './index-file.ts';
import { openDataset } from './open-dataset.ts';
import { packable, writeArchive } from './pack.ts';
import { prepare } from './prepare.ts';
import type { DataReport } from './report.ts';

const parameters = (changes: Partial<PreprocessParams> = {}): PreprocessParams => ({
  ...paramsSchema.parse({}).preprocess,
  ...changes,
});

/** Prepares `raw` into a folder, a new one by default. */
async function run(
  raw: string,
  changes: Partial<PreprocessParams> = {},
  { to = aFolder(), write }: { to?: string; write?: WriteBytes } = {},
) {
  const context = aContext(to);
  const request = {
    raw,
    out: 'some/parents/processed',
    report: 'more/parents/report',
    parameters: parameters(changes),
  };
  const preparation = await prepare(context, request, write);
  return { ...preparation, to, out: join(to, request.out), index: indexOf(join(to, request.out)) };
}

const indexOf = (out: string) => readFileSync(join(out, INDEX_FILE), 'utf8');
const reportOf = (to: string) =>
  JSON.parse(readFileSync(join(to, 'more/parents/report/report.json'), 'utf8')) as DataReport;

/** Every file below a folder with its bytes, but for the work folder. */
const contentOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !join(entry.parentPath, entry.name).includes('.prepare'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length), readFileSync(path).toString('base64')];
    })
    .sort();

const accountedFor = ({ files }: DataReport) =>
  files.kept + files.unreadable + files.tiny + files.ignored + files.duplicate + files.conflicting;

const decoder = createImageDecoder(anInputSpec(), defaultImageLimits);

describe('pawl data prepare', () => {
  it('makes 224 x 224 RGB pictures in {train,val,test}/label, with exact ratios and no file twice', async () => {
    const { out, report, items } = await run(await aRawFolder(30));
    expect(report.labels).toEqual({ cat: { train: 24, val: 3, test: 3 }, dog: { train: 24, val: 3, test: 3 } });
    expect(new Set(items.map(({ source }) => source!.path)).size).toBe(60);
    expect(new Set(items.map(({ path }) => path.split('/').at(-1))).size).toBe(60);
    for (const { path, split, label, source } of items) {
      expect(path.startsWith(`${split}/${label}/`)).toBe(true);
      expect(source!.path.startsWith(`${label}/`)).toBe(true);
      const meta = await sharp(readFileSync(join(out, path))).metadata();
      expect(meta).toMatchObject({ format: 'png', width: 224, height: 224, channels: 3, depth: 'uchar' });
    }
  });

  it('keeps the pixels that the service would compute from the original, bit for bit', async () => {
    const raw = await aRawFolder(8);
    const rgba = aScene(50).ensureAlpha(0.5);
    // Every kind of picture that people have.
    const kinds = {
      'rgba.png': await rgba.png().toBuffer(),
      'grey.png': await aScene(51).greyscale().toColourspace('b-w').png().toBuffer(),
      'palette.png': await aScene(52).png({ palette: true, colours: 16 }).toBuffer(),
      'cmyk.jpg': await aScene(53).toColourspace('cmyk').jpeg().toBuffer(),
      '16-bit.png': await aScene(54).toColourspace('rgb16').png().toBuffer(),
      'turned.jpg': await aScene(55).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      'profile.jpg': await aScene(56).withIccProfile('p3').jpeg().toBuffer(),
      'progressive.jpg': await aScene(57, 1000, 700).jpeg({ progressive: true }).toBuffer(),
    };
    for (const [name, bytes] of Object.entries(kinds)) put(raw, `cat/${name}`, bytes);
    expect((await sharp(kinds['16-bit.png']).metadata()).depth).toBe('ushort');
    expect((await sharp(kinds['cmyk.jpg']).metadata()).space).toBe('cmyk');
    const { out, items, report } = await run(raw);
    expect(report.files).toMatchObject({ kept: 24, unreadable: 0 });
    for (const { path, source } of items) {
      const [prepared, served] = await Promise.all(
        [join(out, path), join(raw, source!.path)].map(
          async (file) => (await decoder.decode(readFileSync(file))).pixels,
        ),
      );
      expect(Buffer.compare(prepared!, served!)).toBe(0);
    }
    const turned = items.find(({ source }) => source!.path === 'cat/turned.jpg')!;
    expect(turned.source).toMatchObject({ width: 64, height: 96, format: 'jpeg', bytes: kinds['turned.jpg'].length });
  });

  it('the same seed gives the same data set, byte for byte, from folder and archive, whatever files are called', async () => {
    const raw = await aRawFolder(20);
    const first = await run(raw);
    const again = await run(raw);
    expect(contentOf(again.out)).toEqual(contentOf(first.out));
    expect(again.report).toEqual(first.report);

    const archive = join(aFolder(), 'raw.tar');
    await writeArchive(raw, (await packable(raw, archive)).files, archive);
    expect((await run(archive)).index).toBe(first.index);

    for (const label of ['cat', 'dog'])
      for (let i = 0; i < 20; i++) {
        mkdirSync(join(raw, label, `deep/${20 - i}`), { recursive: true });
        renameSync(join(raw, label, `${i}.jpg`), join(raw, label, `deep/${20 - i}/renamed.jpeg`));
      }
    expect((await run(raw)).report.hash).toBe(first.report.hash);
    expect((await run(raw, { seed: 43 })).report.hash).not.toBe(first.report.hash);
  });

  it('accounts for every file: kept, unreadable, tiny, ignored, duplicate, conflicting', async () => {
    const raw = await aRawFolder(12);
    const photograph = await aPhotograph(7);
    put(raw, 'cat/copy.jpg', readFileSync(join(raw, 'cat/3.jpg')));
    put(
      raw,
      'cat/metadata.jpg',
      await sharp(readFileSync(join(raw, 'cat/4.jpg')))
        .keepMetadata()
        .png()
        .toBuffer(),
    );
    put(raw, 'dog/also-a-cat.jpg', readFileSync(join(raw, 'cat/5.jpg')));
    put(raw, 'dog/tiny.jpg', await aScene(80, 100, 31).jpeg().toBuffer());
    put(raw, 'dog/empty.jpg', '');
    put(raw, 'dog/cut.jpg', photograph.subarray(0, photograph.length / 2));
    put(raw, 'dog/page.jpg', '<html></html>');
    put(raw, 'dog/really-a-gif.jpg', await aScene(81).gif().toBuffer());
    put(raw, 'dog/huge.jpg', Buffer.alloc(defaultImageLimits.maxBytes + 1));
    put(raw, 'dog/moving.gif', await aScene(82).gif().toBuffer());
    symlinkSync('nowhere', join(raw, 'dog/dangling.jpg'));
    for (const name of ['README.md', 'dog/notes.txt', 'dog/.DS_Store', '.cache/x.jpg', 'beside.jpg'])
      put(raw, name, 'x');
    const { report, to } = await run(raw);
    const listed = readdirSync(raw, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    expect(report.files).toEqual({
      total: listed.length,
      kept: 23,
      unreadable: 6,
      tiny: 1,
      ignored: 6,
      duplicate: 2,
      conflicting: 2,
    });
    expect(accountedFor(report)).toBe(listed.length);
    expect(report.unreadable.map(({ path, code }) => [path, code])).toEqual([
      ['dog/cut.jpg', 'IMAGE_UNREADABLE'],
      ['dog/dangling.jpg', 'NOT_A_FILE'],
      ['dog/empty.jpg', 'FILE_EMPTY'],
      ['dog/huge.jpg', 'FILE_TOO_LARGE'],
      ['dog/page.jpg', 'IMAGE_FORMAT_UNSUPPORTED'],
      ['dog/really-a-gif.jpg', 'IMAGE_FORMAT_UNSUPPORTED'],
    ]);
    expect(report.ignored.map(({ path }) => path)).toEqual([
      '.cache/x.jpg',
      'README.md',
      'beside.jpg',
      'dog/.DS_Store',
      'dog/moving.gif',
      'dog/notes.txt',
    ]);
    expect(report.conflicts.map((same) => same.map(({ path }) => path))).toEqual([['cat/5.jpg', 'dog/also-a-cat.jpg']]);
    expect(report.duplicates.flatMap(({ kept, left }) => [kept, ...left].map(({ path }) => path)).sort()).toEqual([
      'cat/3.jpg',
      'cat/4.jpg',
      'cat/copy.jpg',
      'cat/metadata.jpg',
    ]);
    expect(report.tiny.map(({ path, height }) => [path, height])).toEqual([['dog/tiny.jpg', 31]]);
    expect(reportOf(to)).toEqual(JSON.parse(JSON.stringify(report)));
    const page = readFileSync(join(to, 'more/parents/report/report.html'), 'utf8');
    for (const name of ['dog/cut.jpg', 'also-a-cat.jpg', 'dog/tiny.jpg', 'dog/notes.txt', 'copy.jpg'])
      expect(page).toContain(name);
    // Self-contained: every address is a data: address.
    expect(page.match(/(?:src|href)="(?!data:)[^"]*"/g)).toBeNull();
    expect(page.match(/src="data:image\/webp;base64,/g)!.length).toBeGreaterThanOrEqual(5);
  });

  it('takes other formats where the parameters name them', async () => {
    const raw = await aRawFolder(10);
    put(raw, 'cat/a.webp', await aScene(90).webp().toBuffer());
    put(raw, 'cat/b.gif', await aScene(91).gif().toBuffer());
    const { report } = await run(raw, { formats: ['jpeg', 'webp'] });
    expect(report.formats).toEqual({ jpeg: 20, webp: 1 });
    expect(report.ignored.map(({ path }) => path)).toEqual(['cat/b.gif']);
  });

  it('keeps near-duplicates in one split, also across labels, and says so', async () => {
    const raw = await aRawFolder(30);
    for (let i = 0; i < 6; i++) put(raw, `cat/altered-${i}.jpg`, await aScene(i).jpeg({ quality: 30 }).toBuffer());
    put(raw, 'dog/altered-cat.jpg', await aScene(9).modulate({ brightness: 1.1 }).jpeg().toBuffer());
    for (let seed = 0; seed < 3; seed++) {
      const { report, items } = await run(raw, { seed });
      expect(report.nearDuplicates).toHaveLength(7);
      const splitOf = new Map(items.map(({ source, split }) => [source!.path, split]));
      for (let i = 0; i < 6; i++) expect(splitOf.get(`cat/altered-${i}.jpg`)).toBe(splitOf.get(`cat/${i}.jpg`));
      expect(splitOf.get('dog/altered-cat.jpg')).toBe(splitOf.get('cat/9.jpg'));
      expect(report.nearDuplicates.filter(({ mixed }) => mixed)).toHaveLength(1);
    }
  });

  it('escapes what comes from file names', async () => {
    const raw = await aRawFolder(10);
    put(raw, 'cat/<img src=x onerror=alert(1)>.jpg', '');
    const { to } = await run(raw);
    const page = readFileSync(join(to, 'more/parents/report/report.html'), 'utf8');
    expect(page).toContain('cat/&lt;img src=x onerror=alert(1)&gt;.jpg');
    expect(page).not.toContain('<img src=x');
  });
});

describe('a second run', () => {
  it('makes nothing again, touches nothing, and gives the same', async () => {
    const raw = await aRawFolder(10);
    const { to, out, index } = await run(raw);
    const times = () => contentOf(out).map(([path]) => statSync(join(out, path!)).mtimeMs);
    const before = times();
    const second = await run(raw, {}, { to });
    expect(second).toMatchObject({ made: 0, index });
    expect(times()).toEqual(before);
  });

  it('makes only what is new or changed, and drops what is gone', async () => {
    const raw = await aRawFolder(20);
    const { to } = await run(raw);
    put(raw, 'cat/new.jpg', await aPhotograph(500));
    put(raw, 'dog/3.jpg', await aPhotograph(501));
    rmSync(join(raw, 'cat/7.jpg'));
    const second = await run(raw, {}, { to });
    expect(second.made).toBe(2);
    const fresh = await run(raw);
    expect(contentOf(second.out)).toEqual(contentOf(fresh.out));
  });

  it('moves pictures for another seed without decoding any', async () => {
    const raw = await aRawFolder(20);
    const { to } = await run(raw);
    const second = await run(raw, { seed: 7 }, { to });
    expect(second.made).toBe(0);
    expect(contentOf(second.out)).toEqual(contentOf((await run(raw, { seed: 7 })).out));
  });

  it('makes all again for another size', async () => {
    const raw = await aRawFolder(10);
    const { to } = await run(raw);
    const second = await run(raw, { image_size: 64 }, { to });
    expect(second.made).toBe(20);
    expect(contentOf(second.out)).toEqual(contentOf((await run(raw, { image_size: 64 })).out));
  });

  it('repairs a picture that was damaged or deleted', async () => {
    const raw = await aRawFolder(10);
    const { to, out, items } = await run(raw);
    const before = contentOf(out);
    put(out, items[0]!.path, 'damaged');
    rmSync(join(out, items[1]!.path));
    const second = await run(raw, {}, { to });
    expect(second.made).toBe(2);
    expect(contentOf(out)).toEqual(before);
  });

  it('leaves files of others in the folder alone', async () => {
    const raw = await aRawFolder(10);
    const { to, out } = await run(raw);
    for (const name of ['README.md', 'train/cat/mine.png', 'train/notes/x.txt']) put(out, name, 'mine');
    await run(raw, { seed: 1 }, { to });
    for (const name of ['README.md', 'train/cat/mine.png', 'train/notes/x.txt'])
      expect(readFileSync(join(out, name), 'utf8')).toBe('mine');
    const data = await openDataset(out);
    expect(data.items).toHaveLength(20);
    await data.close();
  });
});

/** Writes as usual, and fails from the `after`th time on. */
const failing = (after: number, code: string, only = (path: string) => path.length > 0): WriteBytes => {
  let writes = 0;
  return async (path, bytes, flags) => {
    if (only(path) && ++writes > after) throw Object.assign(new Error(code), { code });
    await (flags === 'a' ? appendFile(path, bytes) : writeFile(path, bytes));
  };
};

describe('a run that is stopped', () => {
  it.each([
    ['while pictures are made', 13, /\.png/],
    ['while the journal is written', 0, /findings/],
    ['before files are moved', 0, /unfinished/],
    ['before the index is written', 0, /index\.jsonl/],
    ['before the report is written', 0, /report\.json/],
  ])('%s by a full disk: DISK_FULL, and the next run continues', async (_, after, only) => {
    const raw = await aRawFolder(20);
    const to = aFolder();
    const write = failing(after, 'ENOSPC', (path) => only.test(path));
    await expect(run(raw, {}, { to, write })).rejects.toMatchObject({
      name: 'CliError',
      code: 'DISK_FULL',
      hint: /again/,
    });
    const out = join(to, 'some/parents/processed');
    if (!existsSync(join(out, INDEX_FILE))) await expect(openDataset(out)).rejects.toMatchObject({ name: 'CliError' });
    // No file is half there.
    for (const [path, content] of contentOf(out).filter(([path]) => path!.endsWith('.png')))
      expect([path, (await sharp(Buffer.from(content!, 'base64')).metadata()).width]).toEqual([path, 224]);
    const resumed = await run(raw, {}, { to });
    if (after > 0) expect(resumed.made).toBeLessThan(40);
    expect(contentOf(resumed.out)).toEqual(contentOf((await run(raw)).out));
  });

  it('by a folder that may not be written: FILE_WRITE_FAILED', async () => {
    const write = failing(0, 'EACCES');
    await expect(run(await aRawFolder(5), {}, { write })).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
  });

  it('by Ctrl-C: ends soon, and the next run continues', async () => {
    const raw = await aRawFolder(30);
    const to = aFolder();
    const interrupt = new AbortController();
    let writes = 0;
    const write: WriteBytes = async (path, bytes, flags) => {
      if (++writes === 10) interrupt.abort(new Error('Ctrl-C'));
      await (flags === 'a' ? appendFile(path, bytes) : writeFile(path, bytes));
    };
    const request = { raw, out: 'some/parents/processed', report: 'more/parents/report', parameters: parameters() };
    await expect(prepare(aContext(to, { signal: interrupt.signal }), request, write)).rejects.toThrow('Ctrl-C');
    expect(writes).toBeLessThan(30);
    const resumed = await run(raw, {}, { to });
    expect(resumed.made).toBeGreaterThan(0);
    expect(resumed.made).toBeLessThan(60);
    expect(contentOf(resumed.out)).toEqual(contentOf((await run(raw)).out));
  });

  it('leaves an earlier data set whole when the new photographs make none', async () => {
    const raw = await aRawFolder(10);
    const { to, out } = await run(raw);
    const before = contentOf(out);
    for (let i = 1; i < 10; i++) rmSync(join(raw, `cat/${i}.jpg`));
    await expect(run(raw, {}, { to })).rejects.toMatchObject({ code: 'DATA_SPLIT_EMPTY' });
    expect(contentOf(out)).toEqual(before);
  });
});

describe('photographs that make no data set', () => {
  const broken = async (raw: string, label: string, number: number) => {
    const bytes = await aPhotograph(1);
    for (let i = 0; i < number; i++) put(raw, `${label}/broken-${i}.jpg`, bytes.subarray(0, 200 + i));
  };

  it.each([
    [
      'no folder',
      (raw: string) => {
        rmSync(raw, { recursive: true });
        return Promise.resolve();
      },
      'FILE_NOT_FOUND',
      /no folder/,
    ],
    [
      'an empty folder',
      (raw: string) => {
        for (const label of ['cat', 'dog']) rmSync(join(raw, label), { recursive: true });
        return Promise.resolve();
      },
      'DATA_EMPTY',
      /empty/,
    ],
    [
      'other files only',
      (raw: string) => {
        for (const label of ['cat', 'dog']) rmSync(join(raw, label), { recursive: true });
        put(raw, 'cat/notes.txt', 'x');
        return Promise.resolve();
      },
      'DATA_EMPTY',
      /among its 1 files/,
    ],
    [
      'one class',
      (raw: string) => {
        rmSync(join(raw, 'dog'), { recursive: true });
        return Promise.resolve();
      },
      'DATA_ONE_CLASS',
      /cat only/,
    ],
    [
      'one photograph',
      (raw: string) => {
        rmSync(join(raw, 'dog'), { recursive: true });
        for (let i = 1; i < 10; i++) rmSync(join(raw, `cat/${i}.jpg`));
        return Promise.resolve();
      },
      'DATA_ONE_CLASS',
      /cat only/,
    ],
    [
      'one photograph a class',
      (raw: string) => {
        for (const label of ['cat', 'dog']) for (let i = 1; i < 10; i++) rmSync(join(raw, `${label}/${i}.jpg`));
        return Promise.resolve();
      },
      'DATA_SPLIT_EMPTY',
      /val split \(0.1\) would hold no picture of cat and dog/,
    ],
    [
      'a label without test pictures',
      (raw: string) => {
        for (let i = 5; i < 10; i++) rmSync(join(raw, `cat/${i}.jpg`));
        return Promise.resolve();
      },
      'DATA_SPLIT_EMPTY',
      /test split \(0.1\) would hold no picture of cat: there are only 5 of cat/,
    ],
    [
      'nothing readable',
      async (raw: string) => {
        for (const label of ['cat', 'dog']) {
          rmSync(join(raw, label), { recursive: true });
          await broken(raw, label, 5);
        }
      },
      'DATA_UNREADABLE',
      /None of the 10 photographs/,
    ],
    [
      'one class unreadable',
      async (raw: string) => {
        rmSync(join(raw, 'dog'), { recursive: true });
        await broken(raw, 'dog', 5);
      },
      'DATA_ONE_CLASS',
      /left of dog/,
    ],
    [
      'a folder that is no label',
      (raw: string) => {
        renameSync(join(raw, 'dog'), join(raw, '???'));
        return Promise.resolve();
      },
      'DATA_LABEL_INVALID',
      /"\?\?\?"/,
    ],
  ])('%s: a clear error with the next step', async (_, change, code, message) => {
    const raw = await aRawFolder(10);
    await change(raw);
    const to = aFolder();
    await expect(run(raw, {}, { to })).rejects.toMatchObject({ name: 'CliError', code, message, hint: /.../ });
    expect(existsSync(join(to, 'some/parents/processed', INDEX_FILE))).toBe(false);
  });

  it('are reported all the same', async () => {
    const raw = await aRawFolder(3);
    const to = aFolder();
    await expect(run(raw, {}, { to })).rejects.toMatchObject({ code: 'DATA_SPLIT_EMPTY' });
    expect(reportOf(to)).toMatchObject({ problem: { code: 'DATA_SPLIT_EMPTY' }, hash: '', files: { kept: 6 } });
  });
});

describe('labels are checked', () => {
  const golden = 'models/backbones/resnet18/golden';
  const catdog = () => openBundle('models/backbones/resnet18');
  /** The golden photographs of the shipped bundle, those named in `swapped` under the wrong label. */
  const someRaw = (swapped: readonly string[] = []) => {
    const raw = aFolder();
    for (const name of readdirSync(golden)) {
      const label = name.startsWith('cat') !== swapped.includes(name) ? 'cat' : 'dog';
      put(raw, `${label}/${name}`, readFileSync(join(golden, name)));
    }
    return raw;
  };
  const check = async (raw: string, to = aFolder()) => {
    const bundle = await catdog();
    const request = { raw, out: 'out', report: 'report', bundle };
    const context = aContext(to);
    const shares = { train: 0.5, val: 0.5, test: 0 };
    const { report } = await prepare(context, { ...request, parameters: parameters({ split_ratios: shares }) });
    return { labelCheck: report.labelCheck, context, digest: bundle.digest };
  };

  it('by a bundle of the same labels, which finds the wrong one, the surest first', async () => {
    const names = readdirSync(golden);
    // Of each label the one that the model was surest of when it was packaged.
    const { images } = (await catdog()).manifest.golden;
    const surest = (label: string) =>
      images
        .filter((image) => image.label === label)
        .sort((a, b) => b.probabilities[label]! - a.probabilities[label]!)[0]!
        .file.replace('golden/', '');
    const swapped = [surest('cat'), surest('dog')];
    const { labelCheck, digest } = await check(someRaw(swapped));
    if (!('suspects' in labelCheck)) throw new Error(labelCheck.skipped);
    expect(labelCheck).toMatchObject({ model: 'catdog', digest, asked: names.length, below: 0.05 });
    const found = labelCheck.suspects.map(({ path }) => path.split('/')[1]);
    expect([...found].sort()).toEqual([...swapped].sort());
    const sure = labelCheck.suspects.map(({ probability }) => probability);
    expect(sure).toEqual([...sure].sort((a, b) => a - b));
    for (const { label, says } of labelCheck.suspects) expect(says).not.toBe(label);
  });

  it('once: a second run remembers the answers', async () => {
    const raw = someRaw();
    const to = aFolder();
    const first = await check(raw, to);
    const second = await check(raw, to);
    expect(first.context.written.join('')).toContain('was asked about');
    expect(second.context.written.join('')).not.toContain('was asked about');
    expect(second.labelCheck).toEqual(first.labelCheck);
  });

  it('by no bundle of other labels: skipped, and said', async () => {
    const raw = someRaw();
    renameSync(join(raw, 'dog'), join(raw, 'wolf'));
    const { labelCheck } = await check(raw);
    expect(labelCheck).toEqual({ skipped: expect.stringContaining('cat, dog; those of the data are cat, wolf') });
  });
});
