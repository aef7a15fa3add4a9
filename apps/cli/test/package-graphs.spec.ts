import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { TensorProtoSchema } from '../src/bundles/onnx/onnx_pb.ts';
import type { GraphModel } from '../src/bundles/onnx/read-graph.ts';
import { floatTensor } from '../src/bundles/onnx/replace-head.ts';
import { colourPhotos } from './support/colours.ts';
import { bytesOf, colourModel, dtype, node, threeColours, value } from './support/graphs.ts';
import { pawlIn } from './support/pawl-in.ts';

/** Sessions in worker threads. */
import.meta.jest.setTimeout(400_000);

type Graph = GraphModel['graph'];
/** Element type, by the number of ONNX. */
const FLOAT16 = 10;
const int64Tensor = (name: string, values: readonly number[]) =>
  create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: dtype.int64,
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
const byteTensor = (name: string, byte: number) =>
  create(TensorProtoSchema, { name, dims: [], dataType: dtype.uint8, rawData: Uint8Array.of(byte) });

let folder: string;
const at = (...path: readonly string[]) => join(folder, ...path);
const pawl = (line: string) => pawlIn(folder, line.split(' '));
const three = { weight: threeColours!, withFeatures: false };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-package-graphs-'));
  await colourPhotos(at('three'), ['red', 'green', 'blue'], 2);
});
afterAll(() => rm(folder, { recursive: true }));

describe('pawl package', () => {
  const said = (output: string, shape: readonly (number | string)[], type: number = dtype.float32) =>
    value(output, type, shape);
  it.each([
    [
      '[1,labels,1,1], of a batch of one',
      (graph: Graph) => {
        graph.node.push(node('Unsqueeze', ['out', 'axes'], 'map'));
        graph.initializer.push(int64Tensor('axes', [2, 3]));
        graph.output = [said('map', [1, 3, 1, 1])];
      },
      '',
      { kind: 'softmax-logits', name: 'map' },
    ],
    [
      '[labels]',
      (graph: Graph) => {
        graph.node.push(node('Squeeze', ['out', 'axes'], 'flat'));
        graph.initializer.push(int64Tensor('axes', [0]));
        graph.output = [said('flat', [3])];
      },
      '',
      { kind: 'softmax-logits', name: 'flat' },
    ],
    [
      'float16 in and out',
      (graph: Graph) => {
        graph.input = [said('image', [1, 16, 16, 3], FLOAT16)];
        graph.node.push(node('Cast', ['out'], 'half', { to: FLOAT16 }));
        graph.output = [said('half', [1, 3], FLOAT16)];
      },
      '--scale 1',
      { kind: 'softmax-logits', name: 'half' },
    ],
    [
      'no shape of the input',
      (graph: Graph) => {
        const input = said('image', []);
        if (input.type?.value.case === 'tensorType') delete input.type.value.value.shape;
        graph.input = [input];
      },
      '--layout NHWC --size 16 --scale 1',
      { kind: 'softmax-logits', name: 'out' },
    ],
    [
      'features beside the answer, neither with a width',
      (graph: Graph) => {
        graph.node.push(node('Concat', ['mean', 'mean'], 'features2', { axis: 1 }));
        graph.output = [said('features2', ['N', 'width']), said('out', ['N', 'classes'])];
      },
      '',
      { kind: 'softmax-logits', name: 'out' },
    ],
    [
      'a softmax that is rounded to 8 bits',
      (graph: Graph) => {
        graph.node.push(
          node('Softmax', ['out'], 'p', { axis: 1 }),
          node('QuantizeLinear', ['p', 'step', 'zero'], 'q'),
          node('DequantizeLinear', ['q', 'step', 'zero'], 'rounded'),
        );
        graph.initializer.push(floatTensor('step', [], Float32Array.of(1 / 256)), byteTensor('zero', 0));
        graph.output = [said('rounded', ['N', 3])];
      },
      '',
      { kind: 'probabilities', name: 'rounded' },
    ],
    [
      'a value inside the graph',
      (graph: Graph) => {
        graph.node.push(node('Softmax', ['out'], 'wrong', { axis: 0 }));
        graph.output = [said('wrong', [1, 3])];
      },
      '--output out',
      { kind: 'softmax-logits', name: 'out' },
    ],
  ] as const)('takes %s', async (_, change, flags, output) => {
    const changed = colourModel({ ...three, batch: 1 });
    change(changed.graph);
    await writeFile(at('model.onnx'), bytesOf(changed));
    const line = `package model.onnx --name colours --version 1.0.0 --labels red,green,blue --golden three --out out ${flags}`;
    const { code, err } = await pawl(line.trim());
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    const { manifest } = await openBundle(at('out'));
    expect(manifest.output).toEqual(output);
    expect(manifest.golden.images).toHaveLength(6);
  });

  it('takes labels as people write them, and folders that are called so', async () => {
    await writeFile(at('model.onnx'), bytesOf(colourModel(three)));
    for (const [colour, name] of [
      ['red', 'Golden Retriever'] as const,
      ['green', '0'] as const,
      ['blue', 'grün'] as const,
    ])
      await cp(at('three', colour), at('named', name), { recursive: true });
    await writeFile(at('labels.txt'), 'Golden Retriever\n0\ngrün\n');
    const line =
      'package model.onnx --name colours --version 1.0.0 --labels-file labels.txt --golden named --out named-out';
    const { code, out } = await pawl(line);
    expect(code).toBe(0);
    expect(out).toContain('golden_retriever (Golden Retriever), 0, grun (grün)');
    expect((await openBundle(at('named-out'))).manifest).toMatchObject({
      labels: ['golden_retriever', '0', 'grun'],
      labelNames: { golden_retriever: 'Golden Retriever', grun: 'grün' },
    });
    const evaluated = await pawl('evaluate named-out --photos named --json -');
    expect(JSON.parse(evaluated.out)).toMatchObject({ evaluation: { accuracy: 1 } });
    expect((await pawl('package model.onnx --name colours --version 1.0.0 --golden three')).err).toMatch(
      /does not name its labels[^]*--labels-file/,
    );
  });

  it('names each file of the golden folder that it leaves out', async () => {
    await writeFile(at('model.onnx'), bytesOf(colourModel(three)));
    await cp(at('three'), at('mixed'), { recursive: true });
    await cp(at('three/red/0.png'), at('mixed/neither/0.png'));
    await writeFile(at('mixed/red/broken.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
    const { code, out } = await pawl(
      'package model.onnx --name colours --version 1.0.0 --labels red,green,blue --golden mixed --out out',
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /Not asked about\n +neither\/0\.png: shows none of the labels\n +red\/broken\.png: The file starts as PNG/,
    );
  });
});
