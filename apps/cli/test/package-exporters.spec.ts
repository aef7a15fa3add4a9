import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { bytesField } from '@pawl/test-kit/onnx-bytes';
import { inRepository } from '@pawl/test-kit/repository';
import { floatTensor } from '../src/bundles/onnx/replace-head.ts';
import { writeGraph } from '../src/bundles/onnx/read-graph.ts';
import { colourPhotos } from './support/colours.ts';
import { aModel, dtype, node, value } from './support/graphs.ts';
import { pawlIn } from './support/pawl-in.ts';

/** Sessions in worker threads. */
import.meta.jest.setTimeout(400_000);

type Shape = readonly (number | string)[];
type Triple = readonly [number, number, number];
type Input = Partial<Manifest['input']>;

/** A graph as an exporter writes it, and what the manifest must say of it. */
interface Exported {
  readonly input: readonly [name: string, shape: Shape];
  readonly output: readonly [name: string, last?: 'Softmax' | 'Sigmoid' | 'ZipMap'];
  /** Logits a unit of a channel's mean: larger where values are smaller. */
  readonly gain: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly expected: Input & { readonly kind: Manifest['output']['kind'] };
}

const names = ['cat', 'dog', 'Golden Retriever'] as const;
const IMAGENET = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } satisfies Input;
const NCHW = ['batch_size', 3, 224, 224] as const;
const NHWC = ['unk__1', 224, 224, 3] as const;
const same = (number: number): [number, number, number] => [number, number, number];

/** By the first column of the table. */
const exporters: Readonly<Record<string, Exported>> = {
  torchvision: {
    input: ['input', NCHW],
    output: ['output'],
    gain: 3,
    expected: { kind: 'softmax-logits', layout: 'NCHW', fit: 'cover', crop: 256, kernel: 'linear', ...IMAGENET },
  },
  timm: {
    input: ['input0', NCHW],
    output: ['output0'],
    gain: 3,
    expected: { kind: 'softmax-logits', fit: 'cover', crop: 235, kernel: 'cubic', ...IMAGENET },
  },
  'Hugging Face, optimum (ViT)': {
    input: ['pixel_values', ['batch_size', 'num_channels', 'height', 'width']],
    output: ['logits'],
    gain: 4,
    expected: { kind: 'softmax-logits', layout: 'NCHW', width: 224, fit: 'fill', mean: same(0.5), std: same(0.5) },
  },
  'Keras, tf2onnx (MobileNet)': {
    input: ['input_1', NHWC],
    output: ['predictions', 'Softmax'],
    gain: 4,
    expected: { kind: 'probabilities', layout: 'NHWC', scale: 1 / 127.5, mean: same(1), std: same(1) },
  },
  'Keras, tf2onnx (ResNet50, VGG)': {
    input: ['input_1', NHWC],
    output: ['predictions', 'Softmax'],
    gain: 0.05,
    expected: { kind: 'probabilities', channels: 'BGR', scale: 1, mean: [103.939, 116.779, 123.68], std: same(1) },
  },
  'Keras, tf2onnx (cat or dog)': {
    input: ['input_1', NHWC],
    output: ['dense_1', 'Sigmoid'],
    gain: 0.03,
    expected: { kind: 'binary-probability', scale: 1, mean: same(0), std: same(1) },
  },
  'Ultralytics (YOLO, classify)': {
    input: ['images', [1, 3, 224, 224]],
    output: ['output0', 'Softmax'],
    gain: 8,
    metadata: { task: 'classify', names: "{0: 'cat', 1: 'dog', 2: 'Golden Retriever'}" },
    expected: { kind: 'probabilities', fit: 'cover', crop: 224, scale: 1 / 255, mean: same(0), std: same(1) },
  },
  'OpenMMLab, mmdeploy': {
    input: ['input', ['batch', 3, 'height', 'width']],
    output: ['output', 'Softmax'],
    gain: 3,
    expected: {
      ...{ kind: 'probabilities', width: 224, height: 224, crop: 256, scale: 1 },
      ...{ mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
    },
  },
  'Azure Custom Vision': {
    input: ['data', ['None', 3, 224, 224]],
    output: ['loss', 'ZipMap'],
    gain: 0.05,
    metadata: { 'Image.BitmapPixelFormat': 'Bgr8', 'Image.NominalPixelRange': 'NominalRange_0_255' },
    expected: { kind: 'probabilities', channels: 'BGR', scale: 1, mean: same(0), std: same(1) },
  },
};

/** Rows that see red, green and blue in the order of the tensor's channels. */
function headOf({ gain, expected, output: [, last] }: Exported): readonly Triple[] {
  const rows: readonly Triple[] = [
    [gain, 0, 0],
    [0, gain, 0],
    [0, 0, gain],
  ];
  if (last === 'Sigmoid') return [[-gain, gain, 0]];
  return expected.channels === 'BGR' ? rows.toReversed() : rows;
}

function bytesOf(exported: Exported): Uint8Array {
  const { input, output, metadata = {} } = exported;
  const [name, shape] = input;
  const [outputName, last] = output;
  const weight = headOf(exported);
  const text = (content: string) => Buffer.from(content);
  const tail = last === 'ZipMap' ? [zipMap()] : [];
  const probabilities = last === 'ZipMap' ? 'loss.probabilities' : outputName;
  const model = aModel({
    input: [value(name, dtype.float32, shape)],
    node: [
      node('ReduceMean', [name], 'mean', { axes: shape.at(-1) === 3 ? [1, 2] : [2, 3], keepdims: 0 }),
      node('Gemm', ['mean', 'w'], last === undefined ? outputName : 'before', { transB: 1 }),
      ...(last === undefined
        ? []
        : [
            node(
              last === 'Sigmoid' ? last : 'Softmax',
              ['before'],
              probabilities,
              last === 'Sigmoid' ? {} : { axis: 1 },
            ),
          ]),
      ...tail,
    ],
    initializer: [floatTensor('w', [weight.length, 3], Float32Array.from(weight.flat()))],
    output: [value(outputName, dtype.float32, [shape[0] ?? 'N', weight.length])],
  });
  if (last === 'ZipMap') {
    model.opsetImport.push({ ...model.opsetImport[0]!, domain: 'ai.onnx.ml', version: 1n });
    // A list of maps is no tensor.
    delete model.graph.output[0]!.type;
  }
  return Buffer.concat([
    writeGraph(model),
    ...Object.entries(metadata).map(([key, content]) =>
      bytesField(14, Buffer.concat([bytesField(1, text(key)), bytesField(2, text(content))])),
    ),
  ]);
}

/** ZipMap with its labels, which are a field that Pawl's schema of ONNX does not list. */
function zipMap() {
  const made = node('ZipMap', ['loss.probabilities'], 'loss', { classlabels_strings: [] }, 'ai.onnx.ml');
  const [attribute] = made.attribute;
  Object.assign(attribute!, {
    type: 8,
    $unknown: names.map((name) => ({ no: 9, wireType: 2, data: Buffer.from([name.length, ...Buffer.from(name)]) })),
  });
  return made;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-exporters-'));
  await colourPhotos(join(folder, 'golden'), ['red', 'green', 'blue'], 2);
  await colourPhotos(join(folder, 'two'), ['red', 'green'], 2);
  for (const golden of ['golden', 'two'])
    for (const [colour, name] of [['red', 'cat'] as const, ['green', 'dog'] as const])
      await rename(join(folder, golden, colour), join(folder, golden, name));
  await rename(join(folder, 'golden/blue'), join(folder, 'golden/Golden Retriever'));
  await writeFile(join(folder, 'labels.txt'), names.join('\n'));
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({ id2label: Object.fromEntries(names.entries()), model_type: 'vit' }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** The rows of the table in docs/packaging.md: exporter, and what comes after the words that all lines begin with. */
const rows = [
  ...readFileSync(inRepository('docs/packaging.md'), 'utf8').matchAll(/^\| ([^|]+?) +\| [^|]+ \| `(--[^`]+)` +\|$/gm),
].map(([, exporter = '', flags = '']) => ({ exporter, flags }));

describe('what docs/packaging.md says to type for a model of', () => {
  it('every exporter of this test', () => {
    expect(rows.map(({ exporter }) => exporter)).toEqual(Object.keys(exporters));
  });

  it.each(rows)('$exporter', async ({ exporter, flags }) => {
    const exported = exporters[exporter]!;
    await writeFile(join(folder, 'model.onnx'), bytesOf(exported));
    const golden = flags.includes('cat,dog') ? 'two' : 'golden';
    const line = `package model.onnx --name pets --version 1.0.0 --golden ${golden} --out out ${flags}`;
    const { code, err } = await pawlIn(folder, line.split(' '));
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    const { manifest } = await openBundle(join(folder, 'out'));
    const { kind, ...input } = exported.expected;
    expect(manifest.input).toMatchObject({ name: exported.input[0], ...input });
    expect(manifest.output.kind).toBe(kind);
    expect(manifest.labels).toEqual(golden === 'two' ? ['cat', 'dog'] : ['cat', 'dog', 'golden_retriever']);
    expect(manifest.golden.images).toHaveLength(golden === 'two' ? 4 : 6);
  });
});
