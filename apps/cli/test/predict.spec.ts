import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto, resnet18 as catdog } from '@pawl/test-kit/repository';
import { colourPhotos } from './support/colours.ts';
import { bytesOf, colourModel } from './support/graphs.ts';
import { LocalRegistry } from '../src/ml/tracking/local-registry.ts';
import { startRun } from '../src/ml/tracking/start-run.ts';
import { pawlIn, type Surroundings } from './support/pawl-in.ts';
import { startPawl, type PawlProcess } from './support/pawl-process.ts';

/** Sessions in worker threads. */
import.meta.jest.setTimeout(400_000);

let folder: string;
const at = (...path: readonly string[]) => join(folder, ...path);
const pawl = (line: string, surroundings?: Surroundings) => pawlIn(folder, line.split(' '), surroundings);
const started: PawlProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-predict-test-'));
  await cp(join(catdog, 'golden'), at('photos'), { recursive: true });
  await writeFile(at('photos/zz-broken.jpg'), (await readFile(catPhoto)).subarray(0, 5000));
});
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true }));

describe('pawl predict', () => {
  it('shows people a row for each picture and how many there are of each label', async () => {
    const { code, out, err } = await pawl(`predict ${catdog} photos ${catPhoto}`);
    expect(err).toBe('');
    expect(code).toBe(1);
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^FILE +LABEL +CONFIDENCE +PROBABILITIES$/);
    expect(lines.slice(1, 14).map((line) => line.split(/ +/).slice(0, 2))).toEqual(
      (await readdir(at('photos')))
        .sort()
        .map((name) => [`photos/${name}`, name === 'zz-broken.jpg' ? '✗' : name.slice(0, 3)]),
    );
    expect(lines[14]).toMatch(new RegExp(`^${catPhoto} +cat +0\\.99`));
    expect(out).toMatch(/14 pictures {2}catdog [^]* cat +7 +50 %\n +dog +6 +43 %\n +unreadable +1 +7\.1 %\n/);
  });

  it('says neither where the model abstains', async () => {
    const manifest = JSON.parse(await readFile(join(catdog, 'manifest.json'), 'utf8')) as Record<string, unknown>;
    await cp(catdog, at('unsure'), { recursive: true });
    // None is as familiar as that.
    const abstain = { score: 'max-probability', threshold: 1 };
    await writeFile(at('unsure/manifest.json'), canonicalJson({ ...manifest, abstain }));
    const { code, out, err } = await pawl(`predict unsure ${catPhoto}`);
    expect(err).toBe('');
    expect(out).toMatch(/kitten\.jpg +neither +cat 0\.99/);
    expect(out).toMatch(/ cat +0 +0 %\n +dog +0 +0 %\n +neither +1 +100 %/);
    expect(code).toBe(0);
  });

  it('writes CSV for programs, with nothing else on standard output', async () => {
    const { out, err } = await pawl(`predict ${catdog} photos/zz-broken.jpg ${catPhoto} -o csv`);
    const [header, broken, cat, ...rest] = out.split('\r\n');
    expect(header).toMatch(/^file,label,confidence,cat_probability,dog_probability,/);
    expect(broken).toMatch(/^photos\/zz-broken\.jpg,,,,,,IMAGE_UNREADABLE,.*,sha256:[0-9a-f]{64}$/);
    expect(cat).toMatch(/kitten\.jpg,cat,0\.99\d*,0\.99\d*,0\.00\d*,[a-z]*,,,sha256:/);
    expect(rest).toEqual(['']);
    expect(err).toMatch(/^2 pictures {2}catdog /);
  });

  it('asks about the pictures of a list', async () => {
    await writeFile(at('list'), `photos/zz-broken.jpg\n${catPhoto}\n`);
    const { out } = await pawl(`predict ${catdog} --files-from list -o ndjson --top 1`);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([
      { file: 'photos/zz-broken.jpg', error: { code: 'IMAGE_UNREADABLE' } },
      { file: catPhoto, label: 'cat', probabilities: { cat: expect.any(Number) } },
    ]);
  });

  it('finds the bundle of a registered model, and demands its digest', async () => {
    const context = {
      cwd: folder,
      env: {},
      signal: new AbortController().signal,
      now: () => new Date(),
      stderr: { write: () => true },
      sleep: () => Promise.resolve(),
    };
    const run = await startRun({ context, runsFolder: at('runs'), experiment: 'catdog', tags: {} });
    await mkdir(at('mlmodel'));
    await writeFile(at('mlmodel/MLmodel'), 'flavors: {}\n');
    await run.artifact({ source: at('mlmodel'), path: 'model' });
    await run.register({ name: 'catdog', path: 'model', alias: 'champion', tags: {} });
    await run.end('FINISHED');
    const ask = () => pawl(`predict models:/catdog@champion ${catPhoto}`);
    expect(await ask()).toMatchObject({ code: 1, err: expect.stringContaining('its bundle was not published') });
    const { digest } = await openBundle(catdog);
    const note = async (noted: string) => {
      const tags = { 'pawl.bundle.uri': pathToFileURL(catdog).href, 'pawl.bundle.digest': noted };
      await new LocalRegistry(at('runs')).setTags('catdog', 1, tags, 1);
    };
    await note(digest.replace(/.$/, (last) => (last === '0' ? '1' : '0')));
    expect(await ask()).toMatchObject({ code: 1, out: '', err: expect.stringContaining('BUNDLE_DIGEST_MISMATCH') });
    await note(digest);
    expect(await ask()).toMatchObject({ code: 0, out: expect.stringMatching(/kitten\.jpg +cat/) });
  });

  it.each([
    ['predict models/none a.jpg', 4, /\[BUNDLE_NOT_FOUND\]/],
    [`predict ${catdog}`, 2, /Expected pictures to ask about[^]*next:/],
    [`predict ${catdog} photos --out answers.txt`, 2, /expected \.csv, \.ndjson or \.jsonl/],
    [`predict ${catdog} photos --out answers.csv -o table`, 2, /A table is for people/],
    [`predict ${catdog} --files-from nothing`, 4, /The list nothing cannot be read/],
    [`predict ${catdog} photos --top many`, 2, /Expected a number of probabilities/],
  ])('%s: exit code %i', async (line, code, expected) => {
    const outcome = await pawl(line);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(expected);
  });
});

describe('pawl package', () => {
  it('prints lines that ask and serve what it made', async () => {
    await colourPhotos(at('colours'), ['red', 'blue'], 2);
    await writeFile(at('model.onnx'), bytesOf(colourModel({ withFeatures: false })));
    const made = await pawl(
      'package model.onnx --name colours --version 1.0.0 --labels red,blue --golden colours --out its-bundle',
    );
    expect(made.code).toBe(0);
    const predictLine = /^ {2}pawl (predict its-bundle) PICTURES$/m.exec(made.out)?.[1];
    const { code, out } = await pawl(`${predictLine} colours`);
    expect(code).toBe(0);
    expect(out).toMatch(/colours\/blue\/0\.png +blue [^]*colours\/red\/1\.png +red /);
    expect(made.out).toContain(
      `  docker run --rm -p 8000:8000 -v ${at('its-bundle')}:/model:ro -e MODEL_URI=file:///model `,
    );
  });
});

describe('pawl predict --out that is stopped', () => {
  const rowsOf = async (name: string) => (await readFile(at(name), 'utf8').catch(() => '')).split('\r\n').slice(1, -1);
  const COUNT = 400;
  const start = (out: string) => {
    const pawl = startPawl(folder, ['predict', catdog, 'many', '--out', out]);
    started.push(pawl);
    return pawl;
  };
  const hasRows = (name: string) => eventually(`rows in ${name}`, async () => (await rowsOf(name)).length > 0);

  beforeAll(async () => {
    await mkdir(at('many'));
    for (let i = 0; i < COUNT; i++) await cp(catPhoto, at('many', `${String(i).padStart(4, '0')}.jpg`));
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('by %s: the same command goes on, to every row once', async (signal) => {
    const out = `${signal}.csv`;
    const first = start(out);
    await hasRows(`${out}.partial`);
    first.child.kill(signal);
    const stopped = await first.ended;
    if (signal === 'SIGINT') {
      expect(stopped.code).toBe(130);
      expect(stopped.err).toMatch(
        /^stopped; the rows of \d+ of 400 pictures are in SIGINT\.csv\.partial\nnext: {2}Run the same command again\.\n$/,
      );
    }
    const before = await rowsOf(`${out}.partial`);
    expect(before.length).toBeLessThan(COUNT);
    const second = await start(out).ended;
    expect(second).toMatchObject({ code: 0 });
    expect(second.err).toContain(`An earlier run answered ${before.length} of 400 pictures; this one goes on there.`);
    expect(second.out).toMatch(/400 pictures[^]* cat +400 +100 %/);
    const rows = await rowsOf(out);
    expect(rows.slice(0, before.length)).toEqual(before);
    expect(rows.map((row) => row.split(',')[0])).toEqual(
      (await readdir(at('many'))).sort().map((name) => `many/${name}`),
    );
    expect(await readdir(folder)).not.toContain(`${out}.partial`);
  });

  it('ends when the reader of its rows has gone', async () => {
    const pawl = startPawl(folder, ['predict', catdog, 'many', '-o', 'csv']);
    started.push(pawl);
    await once(pawl.child.stdout!, 'data');
    pawl.child.stdout!.destroy();
    const { err } = await pawl.ended.catch(() => ({ err: '' }));
    expect(err).not.toContain('400 pictures');
  });

  it('leaves nothing in the home directory: onnxruntime keeps no id of the machine', async () => {
    const home = await mkdtemp(join(tmpdir(), 'pawl-home-'));
    const pawl = startPawl(folder, ['predict', catdog, 'photos'], { env: { HOME: home } });
    started.push(pawl);
    expect((await pawl.ended).out).toMatch(/ cat /);
    expect(await readdir(home)).toEqual([]);
    await rm(home, { recursive: true });
  });
});
