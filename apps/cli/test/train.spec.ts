import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { referenceSchema } from '@pawl/shared/bundle/reference';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { eventually } from '@pawl/test-kit/eventually';
import sharp from 'sharp';
import { stringify } from 'yaml';
import type { DataReport } from '../src/ml/data/report.ts';
import { listRuns } from '../src/ml/tracking/run-record.ts';
import { aColourSet, colourPhotos, type ColourSet } from './support/colours.ts';
import { bytesOf, colourModel } from './support/graphs.ts';
import { pawlIn } from './support/pawl-in.ts';

/** Trainings with real worker threads. */
import.meta.jest.setTimeout(400_000);

const params = {
  train: { backbone: 'backbone.onnx', epochs: 12, lr: 0.1, batch_size: 8, augmentation: { variants: 1 } },
  abstain: { rate: 0.1 },
};

describe('pawl train', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-train-test-'));
    await writeFile(join(folder, 'backbone.onnx'), bytesOf(colourModel({ withFeatures: false })));
    await data('data/processed', { labels: ['red', 'blue'] });
    await write('params.yaml', params);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const at = (...path: readonly string[]) => join(folder, ...path);
  const write = (name: string, content: object) => writeFile(at(name), stringify(content));
  const data = (name: string, set: ColourSet) => aColourSet(at(name), set);
  const train = (line: string) => pawlIn(folder, ['train', ...line.split(' ').filter(Boolean)]);
  const manifestOf = async (out: string) => (await openBundle(at(out))).manifest;

  it('makes a bundle that opens, of everything it was made from', async () => {
    const { code, out, err } = await train('--out first --run-name trial');
    expect(err).toContain('the written model answers all 12 test pictures as trained');
    expect(code).toBe(0);
    expect(out).toMatch(/epoch +train_loss[^]*\n +12 /);
    expect(out).toMatch(/accuracy +1\.0000 +1\.0000/);
    expect(out).toMatch(/catdog 1\.0\.0 +first: there is no version before it/);
    const bundle = await openBundle(at('first'));
    const { manifest } = bundle;
    expect(manifest).toMatchObject({
      name: 'catdog',
      version: '1.0.0',
      labels: ['blue', 'red'],
      input: { name: 'image', dtype: 'uint8', layout: 'NHWC', width: 16, height: 16 },
      output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
      abstain: { score: 'max-probability' },
      metrics: { accuracy: 1, recall_blue: 1, recall_red: 1, roc_auc: 1, test_pictures: 12 },
      lineage: {
        run_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        data_hash: expect.stringMatching(/^sha256:/) as string,
        params_hash: expect.stringMatching(/^sha256:/) as string,
        backbone: 'backbone.onnx',
        pawl_version: expect.any(String) as string,
      },
    });
    expect(manifest.golden.images.length).toBeGreaterThanOrEqual(10);
    const reference = referenceSchema.parse(JSON.parse(await readFile(bundle.path('reference.json'), 'utf8')));
    expect(reference.count).toBe(24);
    expect(Object.keys(reference.inputs).sort()).toEqual([
      'brightness',
      'contrast',
      'projection_0',
      'projection_1',
      'projection_2',
      'projection_3',
      'saturation',
      'sharpness',
    ]);
    expect(reference.answers).toMatchObject({ count: 12, labels: { blue: 6, red: 6 } });
  });

  it('writes charts, figures for DVC and a record of the run', async () => {
    const reports = await readdir(at('reports/train'));
    expect(reports.sort()).toEqual([
      'confusion_matrix.png',
      'epochs.csv',
      'loss_curves.png',
      'metrics.json',
      'mistakes.png',
      'predictions.csv',
      'reliability.png',
      'roc.png',
      'slices.csv',
    ]);
    const figures = JSON.parse(await readFile(at('reports/train/metrics.json'), 'utf8')) as object;
    expect(Object.values(figures).every((value) => typeof value === 'number')).toBe(true);
    const epochs = await readFile(at('reports/train/epochs.csv'), 'utf8');
    expect(
      epochs
        .trim()
        .split('\n')
        .map((line) => line.split(',')[0]),
    ).toEqual(['epoch', ...Array.from({ length: 12 }, (_, i) => String(i + 1))]);
    const predictions = await readFile(at('reports/train/predictions.csv'), 'utf8');
    expect(predictions.trim().split('\n')).toHaveLength(13);
    expect(predictions).toMatch(/^actual,predicted,confidence,path\nblue,blue,/);
    const [run] = await listRuns(at('runs'));
    expect(Object.keys(run!.summary.artifacts)).toEqual(
      expect.arrayContaining(['loss_curves.png', 'bundle/manifest.json', 'model/MLmodel']),
    );
    expect(run!.summary.params).toMatchObject({ epochs: '12', optimizer: 'Adam' });
    const losses = run!.summary.metrics['val_loss']!.map(({ value }) => value);
    expect(losses).toHaveLength(12);
    expect(run!.summary.metrics['best_val_loss']).toMatchObject([{ value: Math.min(...losses) }]);
  });

  it('gives the same weights, figures and golden answers for the same seed, and others for another', async () => {
    await train('--out again');
    await train('--out other --seed 7');
    const [first, again, other] = await Promise.all(['first', 'again', 'other'].map(manifestOf));
    const withoutRun = ({ lineage, ...rest }: NonNullable<typeof first>) => ({
      ...rest,
      lineage: { ...lineage, run_id: '' },
    });
    expect(withoutRun(again!)).toEqual(withoutRun(first!));
    const weights = (manifest: typeof first) => manifest?.files.find(({ path }) => path === 'model.onnx')?.sha256;
    expect(weights(other)).not.toBe(weights(first));
  });

  it('takes features from the cache, and goes on where a killed run was', async () => {
    const { err } = await train('--out warm');
    expect(err).toContain('features: all 72 rows are in the cache');
    for (const file of await readdir(at('.cache/features'), { recursive: true })) {
      if (!file.endsWith('.rows')) continue;
      const { length } = await readFile(at('.cache/features', file));
      await truncate(at('.cache/features', file), Math.floor(length * 0.6));
    }
    const resumed = await train('--out resumed');
    expect(resumed.err).toMatch(/features – \d\d rows in .*, \d\d from the cache/);
    expect((await manifestOf('resumed')).files).toEqual((await manifestOf('warm')).files);
  });

  it.each([
    ['--version 1.2.0 --replaces first', '1.2.0', 'asked for'],
    ['--seed 3 --replaces first', '1.1.0', 'minor after 1.0.0: only the weights changed'],
    ['--replaces first', '1.0.1', 'patch after 1.0.0: the graph is the same'],
  ])('numbers the bundle: %s is %s', async (flags, version, reason) => {
    const { out } = await train(`--out numbered ${flags}`);
    expect(out).toContain(`catdog ${version}  ${reason}`);
    const { golden } = await manifestOf('numbered');
    expect(golden.images.map(({ file }) => file)).toEqual(
      (await manifestOf('first')).golden.images.map(({ file }) => file),
    );
  });

  it('trains one logit a label for more than two, on the features of a bundle, and signs', async () => {
    await data('three', { labels: ['red', 'green', 'blue'] });
    const keys = generateSigningKeyPair();
    await writeFile(at('key.pem'), keys.privateKeyPem);
    await write('three.yaml', {
      ...params,
      bundle: { name: 'colours' },
      train: { ...params.train, backbone: 'first' },
    });
    const { code, out } = await train('--data three --params three.yaml --out coloured --key key.pem --version 3.1.4');
    expect(code).toBe(0);
    expect(out).toContain('signed');
    const { manifest } = await openBundle(at('coloured'), { publicKeyPem: keys.publicKeyPem });
    expect(manifest).toMatchObject({
      name: 'colours',
      version: '3.1.4',
      labels: ['blue', 'green', 'red'],
      output: { kind: 'softmax-logits', name: 'logits' },
      metrics: { accuracy: 1 },
    });
    // The same features: the head that sits on a backbone does not change it.
    expect(manifest.lineage['backbone_digest']).toBe((await manifestOf('first')).lineage['backbone_digest']);
  });

  it('writes no bundle below the gate, but everything that tells why', async () => {
    await data('noise', { labels: ['red', 'blue'], spread: 2000 });
    await write('gate.yaml', { ...params, gate: { confidence: 0, accuracy: 1, log_loss: 1e-9 } });
    const { code, out, err } = await train(
      '--data noise --params gate.yaml --out refused --reports why --run-name refused',
    );
    expect(code).toBe(1);
    expect(err).toMatch(/No bundle is written: Log loss is .*\[GATE_FAILED\][^]*why\/mistakes\.png/);
    expect(out).toMatch(/log loss .* <= 1e-9 .*not met/);
    expect(existsSync(at('refused'))).toBe(false);
    expect(await readdir(at('why'))).toContain('mistakes.png');
    const refused = (await listRuns(at('runs'))).find(({ summary }) => summary.name === 'refused');
    expect(refused?.summary.status).toBe('FAILED');
    expect(existsSync(join(refused!.record.artifactFolder, 'confusion_matrix.png'))).toBe(true);
  });

  it('does not believe a few pictures, however rightly they are answered', async () => {
    await write('few.yaml', { ...params, gate: { accuracy: 0.9, recall: 0.85 } });
    const { code, out, err } = await train('--params few.yaml --out few --reports few-reports');
    expect(code).toBe(1);
    expect(out).toMatch(/accuracy +1\.0000 +1\.0000 +0\.7354 – 1\.0000 +>= 0\.9 +✗ not met/);
    expect(err).toMatch(
      /Accuracy is 1\.0000 of only 12 test pictures and may be as low as 0\.7354 .*at least 36 pictures[^]*GATE_FAILED/,
    );
    expect(existsSync(at('few'))).toBe(false);
    const figures = JSON.parse(await readFile(at('few-reports/metrics.json'), 'utf8')) as Record<string, number>;
    expect(figures['recall_red_lower']).toBeCloseTo(0.025 ** (1 / 6), 6);
  });

  it('asks the bundle that it replaces about the same pictures, and refuses a head that is worse', async () => {
    await data('many', { labels: ['red', 'blue'], counts: [12, 6, 20] });
    const { out, err } = await train('--data many --out beside --replaces first --reports beside-reports');
    expect(err).toContain('Asking catdog 1.0.0 – 40 pictures');
    expect(out).toMatch(/Against catdog 1\.0\.0, on the same 40 pictures\n {2}accuracy [\d.]+ → [\d.]+: \d+ fixed/);
    const { lineage } = await manifestOf('beside');
    expect(lineage['paired']).toMatch(
      /^against catdog 1\.0\.0 \(sha256:\w{12}\) on the same 40 test pictures: accuracy/,
    );
    expect(lineage['measured_on']).not.toBe((await manifestOf('first')).lineage['measured_on']);
    // Labels of the training split are turned round: what is learned of them is wrong on the test split.
    await cp(at('many'), at('turned'), { recursive: true });
    for (const split of ['train', 'val'])
      for (const [from, to] of [
        ['red', 'swap'],
        ['blue', 'red'],
        ['swap', 'blue'],
      ] as const)
        await rename(at('turned', split, from), at('turned', split, to));
    const worse = await train('--data turned --out worse --replaces first --reports worse-reports');
    expect(worse.code).toBe(1);
    expect(worse.err).toMatch(/worse than the bundle it replaces on the same 40 test pictures: 0 fixed[^]*GATE_FAILED/);
    const figures = JSON.parse(await readFile(at('worse-reports/metrics.json'), 'utf8')) as Record<string, number>;
    expect(figures).toMatchObject({ paired_fixed: 0, replaced_accuracy: 1 });
    expect(existsSync(at('worse'))).toBe(false);
  });

  it('does not compare with a bundle of other labels, and says so', async () => {
    await data('green', { labels: ['red', 'green'] });
    const { code, out } = await train('--data green --out greener --replaces first --reports green-reports');
    expect(code).toBe(0);
    expect(out).toContain('Not compared: catdog 1.0.0 tells other labels apart (blue and red)');
    expect((await manifestOf('greener')).lineage).not.toHaveProperty('paired');
  });

  it('keeps what the graph says of pictures that it does not know, and abstains by it', async () => {
    await writeFile(at('knowing.onnx'), bytesOf(colourModel({ withKnown: true })));
    await data('wide', { labels: ['red', 'blue'], counts: [12, 20, 20] });
    // Pictures of neither are black: nothing in them is bright.
    for (const n of [1, 2, 3]) {
      const path = at('neither', `${n}.png`);
      await mkdir(at('neither'), { recursive: true });
      await sharp({ create: { width: 16, height: 16, channels: 3, background: { r: n, g: 0, b: 0 } } }).toFile(path);
    }
    await write('knowing.yaml', {
      ...params,
      train: { ...params.train, backbone: 'knowing.onnx' },
      abstain: { rate: 0.1, neither: 'neither' },
    });
    const { code, out } = await train('--data wide --params knowing.yaml --out knowing --reports knowing-reports');
    expect(code).toBe(0);
    expect(out).toMatch(
      /Abstains below the output known [\d.]+\n {2}from .* of the test pictures \(.*chosen for 9\.8 %\)/,
    );
    expect(out).toMatch(/from 100 % of 3 pictures of neither/);
    const { abstain, metrics } = await manifestOf('knowing');
    expect(abstain).toEqual({ output: 'known', threshold: expect.any(Number) as number });
    expect(metrics).toMatchObject({ abstain_neither_caught: 1, abstain_share_expected: 0.097561 });
    // Trained again on what came of it: the manifest says which output is the head's.
    await write('again.yaml', { ...params, train: { ...params.train, backbone: 'knowing' } });
    await train('--data wide --params again.yaml --out knowing-again --reports knowing-reports');
    expect((await manifestOf('knowing-again')).abstain).toEqual(abstain);
    await cp(at('neither'), at('photos/neither'), { recursive: true });
    await colourPhotos(at('photos'), ['red', 'blue'], 5);
    const evaluated = await pawlIn(folder, ['evaluate', 'knowing', '--photos', 'photos']);
    expect(evaluated.out).toMatch(/Abstains below the output known[^]*from 100 % of 3 pictures of neither/);
  });

  it('loses no golden image of what it replaces, unless that is dropped by name', async () => {
    await colourPhotos(at('few-golden'), ['red', 'blue'], 2);
    await write('base.yaml', { ...params, bundle: { golden: 'few-golden' } });
    expect((await train('--params base.yaml --out base')).code).toBe(0);
    // One of its golden images shows the other label now: what was learned cannot answer it.
    const manifest = JSON.parse(await readFile(at('base/manifest.json'), 'utf8')) as Manifest;
    const { golden, ...rest } = manifest;
    const images = golden.images.map((image) =>
      image.file === 'golden/red-1.png' ? { ...image, label: 'blue', probabilities: { blue: 0.9, red: 0.1 } } : image,
    );
    const files = manifest.files.map(({ path }) => ({ path, source: at('base', path) }));
    await writeBundle(at('mislabelled'), { ...rest, golden: { ...golden, images } }, files);
    const refused = await train('--replaces mislabelled --out lost --run-name lost');
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /catdog 1\.0\.0 answers a golden image rightly .*golden\/red-1\.png is blue, and the model says red.*\[GATE_FAILED\]\nnext:.*--drop-golden golden\/red-1\.png/,
    );
    expect(existsSync(at('lost'))).toBe(false);
    // New ones come to those that are there.
    await colourPhotos(at('more-golden'), ['red'], 3);
    await write('more.yaml', { ...params, bundle: { golden: 'more-golden' } });
    const dropped = await train('--params more.yaml --replaces mislabelled --out dropped --drop-golden red-1.png');
    expect(dropped.code).toBe(0);
    const made = await manifestOf('dropped');
    expect(made.golden.images.map(({ file }) => file).sort()).toEqual(
      ['blue-0', 'blue-1', 'red-0', 'red-1', 'red-2'].map((name) => `golden/${name}.png`),
    );
    expect(made.lineage['golden_dropped']).toBe('red-1.png');
  });

  it('takes golden images from a folder, and leaves out those that it answers wrongly', async () => {
    await colourPhotos(at('golden'), ['red', 'blue'], 3);
    await cp(at('golden/red/0.png'), at('golden/blue/mistaken.png'));
    await write('golden.yaml', { ...params, bundle: { golden: 'golden' } });
    const { err } = await train('--params golden.yaml --out guarded');
    expect(err).toMatch(/mistaken\.png is no golden image: it is blue, and the model says red/);
    expect((await manifestOf('guarded')).golden.images.map(({ file }) => file)).toEqual(
      ['blue', 'red'].flatMap((label) => [0, 1, 2].map((n) => `golden/${label}-${n}.png`)),
    );
  });

  it('trains on no picture that is resized again, where the service resizes the original', async () => {
    await colourPhotos(at('raw'), ['red', 'blue'], 20);
    const prepared = { image_size: 32, min_side: 8, near_duplicate_bits: 0 };
    await write('sized.yaml', { ...params, preprocess: prepared });
    expect((await pawlIn(folder, 'data prepare --raw raw --out sized --params sized.yaml'.split(' '))).code).toBe(0);
    const refused = await train('--data sized --params sized.yaml --out sizeless --run-name sizeless');
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /prepared at 32 x 32 and the model takes 16 x 16: .*\[DATA_SIZE_DIFFERS\]\nnext: +Set preprocess\.image_size: 16 in params\.yaml/,
    );
    const asked = await pawlIn(folder, ['evaluate', 'first', '--data', 'sized']);
    expect(asked.err).toMatch(/warning: the data set was prepared at 32 x 32 and the model takes 16 x 16/);
    await writeFile(at('fitting.onnx'), bytesOf(colourModel({ size: [32, 32] })));
    await write('sized.yaml', {
      ...params,
      preprocess: prepared,
      train: { ...params.train, backbone: 'fitting.onnx' },
    });
    const fitting = await train('--data sized --params sized.yaml --out fitting');
    expect([fitting.code, fitting.err.includes('warning')]).toEqual([0, true]);
    expect(fitting.err).toMatch(/warning: the model never abstains: to find the 10 % .* takes 9 validation pictures/);
  });

  it('takes the features that the check of labels computed, and finds what is mislabelled by them', async () => {
    await colourPhotos(at('doubtful'), ['red', 'blue'], 20);
    await rename(at('doubtful/red/0.png'), at('doubtful/blue/mistaken.png'));
    const graph = colourModel({ size: [32, 32], weight: [[9, 0, -9]] });
    await writeFile(at('checker.onnx'), bytesOf(graph));
    await colourPhotos(at('golden-check'), ['red', 'blue'], 3);
    const pack =
      'package checker.onnx --name colours --version 1.0.0 --labels blue,red --golden golden-check --out checker';
    const packaged = await pawlIn(folder, pack.split(' '));
    expect(packaged.code).toBe(0);
    await write('checked.yaml', {
      ...params,
      preprocess: { image_size: 32, min_side: 8, near_duplicate_bits: 0, check_labels: 'checker' },
      train: { ...params.train, backbone: 'checker' },
    });
    const prepare =
      'data prepare --raw doubtful --out checked --report checked-report --params checked.yaml --cache shared';
    const { code, err } = await pawlIn(folder, prepare.split(' '));
    expect(code).toBe(0);
    expect(err).toMatch(/features – 40 rows .*0 from the cache[^]*colours 1\.0\.0 was asked about 40 pictures/);
    const report = JSON.parse(await readFile(at('checked-report/report.json'), 'utf8')) as DataReport;
    expect(report.labelCheck).toMatchObject({ asked: 40, suspects: [{ path: 'blue/mistaken.png', says: 'red' }] });
    const trained = await train('--data checked --params checked.yaml --out after-check --cache shared');
    // 40 originals are there; one altered copy of each of the training split is not.
    expect(trained.err).toMatch(/features – 32 rows .*, 40 from the cache/);
  });

  it.each([
    ['no data', '--data nowhere', 4, 'FILE_NOT_FOUND'],
    ['no test pictures', '--data untested', 1, 'DATA_SPLIT_EMPTY'],
    ['one class', '--data single', 1, 'DATA_ONE_CLASS'],
    ['parameters that are not there', '--params nowhere.yaml', 4, 'FILE_NOT_FOUND'],
    ['a flag out of range', '--epochs 0', 2, 'PARAMS_INVALID'],
    ['a version that is none', '--version one', 2, 'USAGE'],
    ['a version that is no step on', '--version 1.0.0 --replaces first', 1, 'VERSION_TOO_SMALL'],
    ['a key that is not there', '--key nowhere.pem', 4, 'FILE_NOT_FOUND'],
    ['a replaced bundle that is not there', '--replaces nowhere', 4, 'BUNDLE_NOT_FOUND'],
    ['a backbone that is not there', '--params lost.yaml', 4, 'FILE_NOT_FOUND'],
    ['features that are not there', '--params unnamed.yaml', 1, 'BACKBONE_INVALID'],
    ['a backbone of unknown operators', '--params custom.yaml', 1, 'GRAPH_INVALID'],
    ['golden images that are not there', '--params nogolden.yaml', 4, 'FILE_NOT_FOUND'],
    ['photographs of neither that are not there', '--params noneither.yaml', 4, 'FILE_NOT_FOUND'],
  ])('refuses %s', async (_, flags, code, expected) => {
    await data('untested', { labels: ['red', 'blue'], counts: [4, 2, 0] });
    await data('single', { labels: ['red'], counts: [4, 2, 2] });
    await write('lost.yaml', { train: { backbone: 'lost.onnx' } });
    await write('unnamed.yaml', { ...params, train: { ...params.train, features: 'pooled' } });
    await write('nogolden.yaml', { ...params, bundle: { golden: 'nowhere' } });
    await write('noneither.yaml', { ...params, abstain: { neither: 'nowhere' } });
    const custom = colourModel({ withFeatures: false });
    Object.assign(custom.graph.node[0]!, { opType: 'Sharpen', domain: 'com.example', attribute: [] });
    await writeFile(at('custom.onnx'), bytesOf(custom));
    await write('custom.yaml', { ...params, train: { ...params.train, backbone: 'custom.onnx' } });
    const outcome = await train(`--out bad ${flags}`);
    expect(outcome.err).toContain(`[${expected}]`);
    expect(outcome.err).toMatch(/next: +\S/);
    expect(outcome.code).toBe(code);
    expect(existsSync(at('bad'))).toBe(false);
  });

  it('stops at Ctrl-C, and ends the run as killed', async () => {
    const stop = new AbortController();
    const outcome = pawlIn(folder, ['train', '--out', 'stopped', '--epochs', '5000', '--run-name', 'stopped'], {
      signal: stop.signal,
    });
    const stopped = async () => (await listRuns(at('runs'))).find(({ summary }) => summary.name === 'stopped')?.summary;
    // The run is on record before its first epoch.
    await eventually('the run on record', stopped);
    stop.abort();
    const { code, err } = await outcome;
    expect(code).toBe(130);
    expect(err).toContain('stopped; the features so far are kept\nnext:  Run the same command again.\n');
    expect((await stopped())?.status).toBe('KILLED');
    expect(existsSync(at('stopped'))).toBe(false);
  });
});
