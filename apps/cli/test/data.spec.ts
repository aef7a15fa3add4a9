/** `pawl data` as a user calls it; and over folders that are not in the repository. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Context } from '../src/terminal/context.ts';
import { openDataset } from '../src/ml/data/open-dataset.ts';
import type { DataReport } from '../src/ml/data/report.ts';
import { run } from '../src/program.ts';
import { aContext, aFolder, aRawFolder } from './support/photographs.ts';

/** Runs one command line in a folder. */
async function pawl(cwd: string, argv: readonly string[], changes: Partial<Context> = {}) {
  let out = '';
  const context = aContext(cwd, { stdout: { write: (text) => (out += text) }, ...changes });
  const code = await run(argv, context);
  return { code, out, err: context.written.join('') };
}

const reportOf = (cwd: string) => JSON.parse(readFileSync(join(cwd, 'reports/data/report.json'), 'utf8')) as DataReport;

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).length;

describe('pawl data prepare', () => {
  it('prepares data/raw into data/processed and says what came of it', async () => {
    const cwd = aFolder();
    mkdirSync(join(cwd, 'data'));
    symlinkSync(await aRawFolder(10), join(cwd, 'data/raw'));
    writeFileSync(join(cwd, 'data/raw/cat/broken.jpg'), 'x');
    const { code, out, err } = await pawl(cwd, ['data', 'prepare', '--archive', 'data/processed.tar']);
    expect(code).toBe(0);
    expect(out).toMatch(/^LABEL +TRAIN +VAL +TEST +ALL\ncat +8 +1 +1 +10\ndog +8 +1 +1 +10\nall +16 +2 +2 +20\n/);
    expect(out).toMatch(/20 {2}of 21 files in the data set/);
    expect(out).toMatch(/1 {2}unreadable/);
    // No terminal: one line a piece of work, no bar.
    expect(err).toMatch(
      /^Layout: one folder a label\nPreparing – 20 photographs decoded; 1 cannot be read\nPacking – [^\n]*\n$/,
    );
    const [folder, archive] = [
      await openDataset(join(cwd, 'data/processed')),
      await openDataset(join(cwd, 'data/processed.tar')),
    ];
    expect(archive.hash).toBe(folder.hash);
    expect(archive.items).toEqual(folder.items);
    expect(out).toContain(folder.hash);
    await Promise.all([folder.close(), archive.close()]);
    expect(execFileSync('tar', ['-tf', join(cwd, 'data/processed.tar')], { encoding: 'utf8' })).not.toContain(
      '.prepare',
    );
  });

  it('packs a raw folder and prepares the archive alike', async () => {
    const cwd = aFolder();
    const raw = await aRawFolder(10);
    symlinkSync(await aRawFolder(1), join(raw, 'cat/elsewhere'));
    const packed = await pawl(cwd, ['data', 'pack', raw, 'raw.tar']);
    expect(packed.err).toMatch(/^Links that lead out of the folder are left out: cat\/elsewhere$/m);
    expect(packed).toMatchObject({ code: 0, out: expect.stringMatching(/^raw\.tar sha256:[0-9a-f]{64}\n$/) });
    for (const [source, to] of [
      [raw, 'a'],
      ['raw.tar', 'b'],
    ] as const)
      expect((await pawl(cwd, ['data', 'prepare', '--raw', source, '--out', to])).code).toBe(0);
    expect(readFileSync(join(cwd, 'a/index.jsonl'), 'utf8')).toBe(readFileSync(join(cwd, 'b/index.jsonl'), 'utf8'));
  });

  it('takes parameters from params.yaml, and a flag before them', async () => {
    const cwd = aFolder();
    const raw = await aRawFolder(10);
    writeFileSync(
      join(cwd, 'params.yaml'),
      'preprocess: {image_size: 64, split_ratios: {train: 0.5, val: 0.3, test: 0.2}, check_labels: nowhere}',
    );
    const args = ['data', 'prepare', '--raw', raw];
    expect(await pawl(cwd, args)).toMatchObject({ code: 4, err: expect.stringContaining('BUNDLE_NOT_FOUND') });
    expect(existsSync(join(cwd, 'data'))).toBe(false);
    expect((await pawl(cwd, [...args, '--check-labels', ''])).code).toBe(0);
    expect(reportOf(cwd)).toMatchObject({
      parameters: { image_size: 64, check_labels: '' },
      labels: { cat: { train: 5, val: 3, test: 2 } },
    });
    const check = [...args, '--check-labels', resolve('models/catdog')];
    const small = await pawl(cwd, check);
    expect(small.err).not.toContain('was asked about');
    expect(small.out).toMatch(/labels not checked: the data set was prepared at 64 x 64 and the model takes \d+ x \d+/);
    const { input } = JSON.parse(readFileSync(resolve('models/catdog/manifest.json'), 'utf8')) as Manifest;
    writeFileSync(join(cwd, 'params.yaml'), `preprocess: {image_size: ${input.width}}`);
    expect((await pawl(cwd, check)).err).toMatch(/catdog [\d.]+ was asked about 20 pictures/);
  });

  it.each([
    [['data', 'prepare'], 4, /no folder or archive .*raw.*FILE_NOT_FOUND/],
    [['data', 'prepare', '--params', 'nope.yaml'], 4, /FILE_NOT_FOUND/],
    [
      ['data', 'prepare', '--raw', 'x', '--out', 'x'],
      2,
      /cannot go to .*x, which is the folder of the photographs.*USAGE/,
    ],
    [['data', 'prepare', '--raw', 'x', '--out', 'x/y'], 2, /which lies in the folder of the photographs/],
    [['data', 'prepare', '--raw', '.', '--out', 'x'], 2, /which lies in the folder of the photographs/],
    [['data', 'prepare', '--raw', 'x', '--out', 'x-processed'], 4, /FILE_NOT_FOUND/],
    [['data', 'prepare', 'too', 'many'], 2, /too many arguments/],
    [['data', 'pack', 'nope', 'x.tar'], 4, /FILE_NOT_FOUND/],
    [['data', 'pack', 'nope'], 2, /missing required argument/],
  ])('%j: exit code %i', async (argv, code, message) => {
    const outcome = await pawl(aFolder(), argv);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(message);
  });

  it('Ctrl-C: exit code 130, and what to do next', async () => {
    const outcome = await pawl(aFolder(), ['data', 'prepare', '--raw', await aRawFolder(5)], {
      signal: AbortSignal.abort(),
    });
    expect(outcome.code).toBe(130);
    expect(outcome.err).toContain('stopped; the pictures so far are kept\nnext:  Run the same command again.\n');
  });
});

describeWhenSet('PAWL_TEST_HOSTILE', 'images that break image services, prepared as one class', (hostile) => {
  it('nothing is lost: every file is in exactly one list of the report', async () => {
    const cwd = aFolder();
    const raw = await aRawFolder(20, ['photograph']);
    cpSync(hostile, join(raw, 'hostile'), { recursive: true });
    const { code, err } = await pawl(cwd, ['data', 'prepare', '--raw', raw]);
    expect([code, err]).toEqual([0, expect.stringContaining('Preparing')]);
    const { files, unreadable, ignored } = reportOf(cwd);
    const { total, ...kinds } = files;
    console.info(files);
    expect(total).toBe(filesIn(hostile) + 20);
    expect(Object.values(kinds).reduce((sum, number) => sum + number, 0)).toBe(total);
    expect(unreadable).toHaveLength(kinds.unreadable);
    expect(ignored).toHaveLength(kinds.ignored);
    for (const { code: reason } of unreadable) expect(reason).toMatch(/^(FILE|IMAGE)_[A-Z_]+$/);
  }, 600_000);
});

describeWhenSet('PAWL_TEST_PETS', 'a folder of real photographs', (pets) => {
  const indexOf = (cwd: string) => readFileSync(join(cwd, 'data/processed/index.jsonl'), 'utf8');
  /** So many of each label: enough to be killed in the middle of. */
  const PHOTOGRAPHS = 250;
  const raw = aFolder();
  const argv = ['data', 'prepare', '--raw', raw, '--archive', 'data/processed.tar'];
  let index: string;
  let archive: Buffer;

  beforeAll(async () => {
    for (const label of ['cat', 'dog']) {
      mkdirSync(join(raw, label));
      const names = readdirSync(join(pets, label)).sort();
      for (const name of names.slice(0, PHOTOGRAPHS)) copyFileSync(join(pets, label, name), join(raw, label, name));
    }
    const cwd = aFolder();
    expect(await pawl(cwd, argv)).toMatchObject({ code: 0 });
    index = indexOf(cwd);
    archive = readFileSync(join(cwd, 'data/processed.tar'));
    rmSync(join(cwd, 'data'), { recursive: true });
  }, 600_000);

  it('the same seed gives the same index and the same archive', async () => {
    const cwd = aFolder();
    expect(await pawl(cwd, argv)).toMatchObject({ code: 0 });
    expect(indexOf(cwd)).toBe(index);
    expect(Buffer.compare(readFileSync(join(cwd, 'data/processed.tar')), archive)).toBe(0);
  }, 600_000);

  it('a run that is killed and continued gives what an uninterrupted one does', async () => {
    const cwd = aFolder();
    const main = resolve('apps/cli/src/main.ts');
    const child = spawn(process.execPath, ['--conditions=pawl-source', '--no-warnings', main, ...argv], {
      cwd,
      stdio: 'ignore',
    });
    const pictures = join(cwd, 'data/processed/.prepare/pictures');
    await eventually('a hundred pictures', () => readdirSync(pictures).length >= 100, { timeoutMs: 300_000 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = readdirSync(pictures).length;
    expect(existsSync(join(cwd, 'data/processed/index.jsonl'))).toBe(false);
    const { code, err } = await pawl(cwd, argv);
    expect(code).toBe(0);
    const [, fresh] = /(\d+) of them new/.exec(err) ?? [];
    expect(Number(fresh)).toBeLessThan(index.trim().split('\n').length);
    console.info(`${left} pictures were there when it was killed; ${fresh ?? ''} were made afterwards`);
    expect(indexOf(cwd)).toBe(index);
    expect(Buffer.compare(readFileSync(join(cwd, 'data/processed.tar')), archive)).toBe(0);
  }, 600_000);
});
