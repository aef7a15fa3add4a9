import type { Manifest } from '@pawl/shared/bundle/manifest';
import { binOf, referenceSchema } from '@pawl/shared/bundle/reference';
import { digestOfPictures } from '../../../bundles/diff/measured-on.ts';
import type { DatasetItem } from '../../data/dataset.ts';
import { overrideParams } from '../../params/override-params.ts';
import { paramsSchema } from '../../params/params.ts';
import { epochLine } from './epoch-line.ts';
import { hashOfParams, lineageOf } from './lineage.ts';
import { chooseVersion } from './previous-bundle.ts';
import { referenceOf } from './reference.ts';
import { csv, epochsCsv } from './reports.ts';

describe('reference.json', () => {
  const item = (n: number, width?: number): DatasetItem => ({
    path: `train/cat/${n}.png`,
    split: 'train',
    label: 'cat',
    digest: 'sha256:',
    ...(width !== undefined && {
      source: {
        path: `cat/${n}.jpg`,
        digest: '',
        format: 'jpeg',
        width,
        height: 100,
        bytes: 1000 * n,
        brightness: 100,
      },
    }),
  });
  const answers = { answered: Uint16Array.of(0, 0, 1), confidence: Float64Array.of(0.97, 0.52, 1) };
  const statistics = Array.from({ length: 20 }, (_, i) => Float32Array.of(i * 10, 30, i, 5));
  const build = (items: readonly DatasetItem[]) =>
    referenceOf({
      items,
      statistics,
      features: {
        values: Float32Array.from({ length: 40 }, (_, i) => i),
        width: 2,
        rows: 20,
        classes: new Uint16Array(20),
      },
      featuresOutput: 'features',
      labels: ['cat', 'dog', 'owl'],
      answers,
      known: Float64Array.of(1, 2, 3),
    });

  it('holds the distribution of every statistic, in tenths', () => {
    const reference = build(Array.from({ length: 20 }, (_, i) => item(i, 100 + i)));
    expect(referenceSchema.parse(reference)).toEqual(reference);
    expect(Object.keys(reference.inputs).sort()).toEqual([
      'aspect',
      'brightness',
      'bytes',
      'bytes_per_pixel',
      'contrast',
      'height',
      'projection_0',
      'projection_1',
      'projection_2',
      'projection_3',
      'saturation',
      'sharpness',
      'width',
    ]);
    expect(reference.inputs['brightness']).toMatchObject({ counts: new Array(10).fill(2), mean: 95 });
    expect(reference.inputs['height']).toEqual({ edges: [100], counts: [0, 20], mean: 100, std: 0 });
    expect(reference.inputs['width']?.mean).toBe(109.5);
  });

  it('leaves out facts of files that only some pictures have', () => {
    const reference = build(Array.from({ length: 20 }, (_, i) => item(i, i === 3 ? undefined : 100)));
    expect(Object.keys(reference.inputs).slice(0, 5)).toEqual([
      'brightness',
      'contrast',
      'saturation',
      'sharpness',
      'projection_0',
    ]);
  });

  it('holds confidence by the label that was answered', () => {
    const { count, labels, confidence } = build([item(1)]).answers;
    expect([count, labels]).toEqual([3, { cat: 2, dog: 1, owl: 0 }]);
    expect(Object.keys(confidence)).toEqual(['cat', 'dog']);
    const { counts = [], edges = [] } = confidence['cat'] ?? {};
    expect([counts[binOf(0.97, edges)], counts[binOf(0.52, edges)]]).toEqual([1, 1]);
    expect(confidence['dog']?.counts.at(-1)).toBe(1);
  });

  it('holds the scores of all answers, and says which output the projections are of', () => {
    const { answers: said, projections } = build([item(1)]);
    expect(said.scores?.['known']).toMatchObject({ counts: [0, 1, 1, 1], mean: 2 });
    expect(said.scores?.['confidence']?.mean).toBeCloseTo(0.83, 5);
    expect(projections).toEqual({ output: 'features', count: 4 });
  });
});

describe('the version of a trained bundle', () => {
  const previous = {
    name: 'catdog',
    version: '1.4.0',
    labels: ['cat', 'dog'],
    input: { name: 'image' },
    output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
    model: 'model.onnx',
    files: [{ path: 'model.onnx', size: 1, sha256: 'sha256:aa' }],
  } as unknown as Manifest;
  const parts = { ...previous, modelDigest: 'sha256:bb' };

  it('follows the bundle that it replaces, unless another one is asked for', () => {
    expect(chooseVersion(undefined, previous, parts)).toMatchObject({ version: '1.5.0' });
    expect(chooseVersion(undefined, undefined, parts)).toMatchObject({ version: '1.0.0' });
    expect(chooseVersion('7.0.0', previous, parts)).toEqual({ version: '7.0.0', reason: 'asked for' });
    // Another model counts from where it likes.
    expect(chooseVersion('0.1.0', previous, { ...parts, name: 'birds' }).version).toBe('0.1.0');
  });

  it.each([
    ['1.4.0', 'VERSION_TOO_SMALL'],
    ['1.4.0-rc.1', 'VERSION_TOO_SMALL'],
    ['v1.5.0', 'USAGE'],
    ['1.5', 'USAGE'],
  ])('%s is refused: %s', (wanted, code) => {
    expect(() => chooseVersion(wanted, previous, parts)).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('parameters of a training', () => {
  const params = paramsSchema.parse({});

  it('are overridden by flags, one by one', () => {
    const changed = overrideParams(params, { epochs: 3, batchSize: 64, replaces: '' });
    expect(changed.train).toEqual({ ...params.train, epochs: 3, batch_size: 64 });
    expect(overrideParams(params, {})).toEqual(params);
  });

  it.each([
    [{ epochs: 1.5 }, /--epochs/],
    [{ lr: -1 }, /--lr/],
    [{ batchSize: 0 }, /--batch-size/],
    [{ weightDecay: -1 }, /--weight-decay/],
    [{ seed: 2 ** 31 }, /--seed/],
  ])('%j is refused', (flags, message) => {
    expect(() => overrideParams(params, flags)).toThrow(message);
  });

  it('have one hash, which depends on what weights depend on', () => {
    const hash = hashOfParams(params);
    expect(hashOfParams(structuredClone(params))).toBe(hash);
    expect(hashOfParams(overrideParams(params, { lr: 0.5 }))).not.toBe(hash);
    expect(hashOfParams(overrideParams(params, { replaces: 'oci://elsewhere' }))).toBe(hash);
    expect(hashOfParams({ ...params, tracking: { experiment: 'x', alias: 'y' } })).toBe(hash);
  });
});

describe('the lineage of a trained bundle', () => {
  const tested = Array.from({ length: 15 }, (_, i) => ({ digest: `sha256:${i}`, label: 'cat' }));
  const input = {
    runId: 'ab',
    dataHash: 'sha256:data',
    paramsHash: 'sha256:params',
    pawlVersion: '0.1.0',
    pictures: { test: tested, all: 150 },
    backbone: {
      name: 'catdog 1.0.0',
      digest: 'sha256:bb',
      lineage: { backbone: 'ResNet-18', licence: 'CC0', head: 'old' },
    },
    temperature: 1.25,
  };

  it('says where everything comes from, and carries on what is known of the backbone', () => {
    expect(lineageOf({ ...input, git: { commit: 'c0ffee', dirty: true } })).toMatchObject({
      run_id: 'ab',
      data_hash: 'sha256:data',
      git_commit: 'c0ffee-dirty',
      backbone: 'ResNet-18',
      backbone_digest: 'sha256:bb',
      licence: 'CC0',
      head: expect.stringContaining('1.2500') as string,
      metrics: expect.stringContaining('15 test pictures') as string,
      measured_on: digestOfPictures(tested),
    });
  });

  it('tells how it does beside what it replaces, where that was asked', () => {
    expect(lineageOf({ ...input, paired: 'against catdog 1.0.0' })).toMatchObject({ paired: 'against catdog 1.0.0' });
    expect(lineageOf(input)).not.toHaveProperty('paired');
  });

  it('leaves the commit out where there is no Git', () => {
    expect(lineageOf(input)).not.toHaveProperty('git_commit');
  });
});

describe('tables of a training', () => {
  const record = { epoch: 3, train_loss: 0.5, train_acc: 0.75, val_loss: 0.25, val_acc: 1, lr: 0.0005 };

  it('have a line an epoch, in columns', () => {
    const [names, figures] = [epochLine(), epochLine(record)];
    expect(figures).toMatch(/^ +3 +0\.5000 +0\.7500 +0\.2500 +1\.0000 +0\.0005$/);
    expect(names).toHaveLength(figures.length);
    expect(epochsCsv([record])).toBe('epoch,train_loss,train_acc,val_loss,val_acc,lr\n3,0.5,0.75,0.25,1,0.0005\n');
  });

  it('quote what a comma or a quote would break', () => {
    expect(csv([['a,b', 'say "x"', 1]])).toBe('"a,b","say ""x""",1\n');
  });
});
