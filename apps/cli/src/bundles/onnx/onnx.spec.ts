import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import type { OutputSpec } from '@pawl/shared/bundle/manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { aModel, bytesOf, colourModel, dtype, node, threeColours, value } from '../../../test/support/graphs.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { Head } from './head.ts';
import { backboneDigest, backboneOf, furtherOutputs } from './backbone.ts';
import { describeGraph } from './describe-graph.ts';
import { inferInput } from './infer-input.ts';
import { candidateOutputs } from './infer-output.ts';
import { explainLoadFailure } from './load-failure.ts';
import { AttributeProtoSchema, StringStringEntryProtoSchema } from './onnx_pb.ts';
import { type GraphModel, readGraph, writeGraph } from './read-graph.ts';
import { readHead } from './read-head.ts';
import { floatTensor, replaceHead } from './replace-head.ts';
import { bytesField, externalTensor } from '@pawl/test-kit/onnx-bytes';
import { inRepository } from '@pawl/test-kit/repository';

const catdog = readFileSync(inRepository('models/backbones/resnet18/model.onnx'));
const head = (width: number, outputs = 1): Head => ({
  kind: outputs === 1 ? 'binary' : 'multi-class',
  width,
  outputs,
  weight: new Float32Array(width * outputs).fill(0.5),
  bias: new Float32Array(outputs),
});
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
};

describe('reading an ONNX file', () => {
  it('keeps every field, those that it does not know too', () => {
    const model = readGraph(catdog, 'model.onnx');
    const written = writeGraph(model);
    // metadata_props, field 14, is in no message of ours.
    expect(model.$unknown?.map(({ no }) => no)).toContain(14);
    expect(written.length).toBe(catdog.length);
    expect(Buffer.compare(writeGraph(readGraph(written, 'model.onnx')), written)).toBe(0);
  });

  it.each([
    ['a pointer of Git LFS', () => Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'GRAPH_INVALID'],
    ['a web page', () => Buffer.from('<!DOCTYPE html><html>404</html>'), 'GRAPH_INVALID'],
    ['weights of PyTorch', () => Buffer.from('PK\x03\x04archive/data.pkl'), 'GRAPH_INVALID'],
    ['a model of TensorFlow Lite', () => Buffer.from('\x20\0\0\0TFL3'), 'GRAPH_INVALID'],
    ['no ONNX', () => Buffer.from('just a text of some length'), 'GRAPH_INVALID'],
    ['nothing', () => new Uint8Array(), 'GRAPH_INVALID'],
    ['cut short', () => catdog.subarray(0, 5_000_000), 'GRAPH_INVALID'],
    ['without nodes', () => bytesOf(aModel({ output: [value('y', 1, [1])] })), 'GRAPH_INVALID'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => readGraph(bytes(), 'x.onnx'))).toMatch(new RegExp(`^${code}: x.onnx`));
  });

  it('refuses weights that lie in another file, by its name', () => {
    const model = colourModel();
    const [weight] = model.graph.initializer;
    const place = create(StringStringEntryProtoSchema, { key: 'location', value: 'weights.bin' });
    Object.assign(weight!, { dataLocation: 1, externalData: [place] });
    expect(codeOf(() => readGraph(bytesOf(model), 'x.onnx'))).toMatch(/^GRAPH_EXTERNAL_DATA.*weights\.bin/);
  });

  it('refuses weights in another file where an exporter never puts them', () => {
    // The default of an attribute of a function: a field that the reader of graphs does not know.
    const hidden = bytesField(25, bytesField(11, bytesField(5, externalTensor('weights.bin'))));
    const model = Buffer.concat([catdog, hidden]);
    expect(codeOf(() => readGraph(model, 'x.onnx'))).toMatch(/^GRAPH_EXTERNAL_DATA.*keeps its weights in other files;/);
  });
});

describe('describing a graph', () => {
  it('says what goes in and out, and what it is made of', () => {
    expect(describeGraph(readGraph(catdog, 'model.onnx'))).toMatchObject({
      producer: 'onnx.quantize 0.1.0',
      opset: 17,
      inputs: [{ name: 'image', dtype: 'uint8', shape: ['N', 224, 224, 3] }],
      outputs: [
        { name: 'logit', dtype: 'float32', shape: ['N', 1] },
        { name: 'features', dtype: 'float32', shape: ['N', 512] },
      ],
      operators: { Conv: 20, Gemm: 1 },
    });
  });

  it('does not take initialisers for inputs, as old graphs list them', () => {
    const model = colourModel();
    model.graph.input.push(value('w', dtype.float32, [1, 3]));
    expect(describeGraph(model).inputs.map(({ name }) => name)).toEqual(['image']);
  });
});

describe('reading a head', () => {
  const binary = { kind: 'binary-logit', name: 'out', threshold: 0.5 } as const;

  it('gives back what was put there', () => {
    const put = { ...head(3), weight: Float32Array.of(0.5, -1.5, 3), bias: Float32Array.of(0.25) };
    const model = replaceHead(colourModel(), { features: 'features', head: put, output: 'logit' });
    expect(readHead(readGraph(writeGraph(model), 'x'), 'features', { ...binary, name: 'logit' })).toEqual(put);
    const three = { ...head(3, 3), bias: Float32Array.of(1, 2, 3) };
    const many = replaceHead(colourModel(), { features: 'features', head: three, output: 'logits' });
    expect(readHead(many, 'features', { kind: 'softmax-logits', name: 'logits' })).toEqual(three);
  });

  it.each<[string, GraphModel, string, OutputSpec]>([
    ['from other features', colourModel(), 'mean', binary],
    ['behind which something follows', colourModel({ last: 'Sigmoid' }), 'features', binary],
    ['that gives probabilities', colourModel(), 'features', { kind: 'probabilities', name: 'out' }],
    ['of another number of outputs', colourModel({ weight: threeColours! }), 'features', binary],
    ['that is no output', colourModel(), 'features', { ...binary, name: 'other' }],
  ])('finds none %s', (_, model, features, output) => {
    expect(readHead(model, features, output)).toBeUndefined();
  });

  it('finds none that is scaled', () => {
    const model = colourModel();
    const gemm = model.graph.node.find(({ opType }) => opType === 'Gemm');
    gemm!.attribute.push(create(AttributeProtoSchema, { name: 'alpha', f: 2, type: 1 }));
    expect(readHead(model, 'features', binary)).toBeUndefined();
  });
});

describe('outputs beside the head', () => {
  it.each<[string, Parameters<typeof furtherOutputs>[2], string[], string[]]>([
    ['the first one is the head, where no manifest says', undefined, ['answer', 'features', 'known'], ['known']],
    ['the head is what the manifest names', 'answer', ['known', 'features', 'answer'], ['known']],
    ['features alone have no head to cut', undefined, ['features', 'known', 'rank'], ['known', 'rank']],
    ['a head is also called as Pawl calls its own', undefined, ['features', 'logits', 'known'], ['known']],
    ['a head alone has nothing beside it', undefined, ['answer'], []],
  ])('%s', (_, answer, names, expected) => {
    const model = colourModel();
    model.graph.output = names.map((name) => value(name, dtype.float32, ['N', 1]));
    expect(furtherOutputs(model, 'features', answer)).toEqual(expected);
  });

  it('stay with all that they need, and the old head goes', () => {
    const model = colourModel({ withKnown: true });
    const replaced = replaceHead(model, { features: 'features', head: head(3), output: 'logit', further: ['known'] });
    expect(replaced.graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'ReduceMean', 'Mul', 'ReduceMax', 'Gemm']);
    expect(describeGraph(replaced).outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['logit', ['N', 1]],
      ['features', ['N', 3]],
      ['known', ['N', 1]],
    ]);
    expect(replaced.graph.initializer.map(({ name }) => name)).not.toContain('w');
    // What is trained on is the backbone up to its features, whatever else the graph answers.
    expect(backboneDigest(replaced, 'features')).toBe(backboneDigest(colourModel(), 'features'));
  });
});

describe('replacing the head', () => {
  it('leaves the backbone as it is, and puts one Gemm behind the features', () => {
    const model = readGraph(catdog, 'model.onnx');
    const before = structuredClone(model.graph.node.slice(0, -1));
    const replaced = replaceHead(model, { features: 'features', head: head(512, 3), output: 'logits' });
    const { graph } = replaced;
    expect(graph.node.slice(0, -1)).toEqual(before);
    expect(graph.node.at(-1)).toMatchObject({
      name: 'head',
      opType: 'Gemm',
      input: ['features', 'head.weight', 'head.bias'],
    });
    expect(describeGraph(replaced).outputs).toEqual([
      { name: 'logits', dtype: 'float32', shape: ['N', 3] },
      { name: 'features', dtype: 'float32', shape: ['N', 512] },
    ]);
    const names = graph.initializer.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(graph.initializer.find(({ name }) => name === 'head.weight')?.dims).toEqual([3n, 512n]);
    // The model that was given is not touched.
    expect(model.graph.node.at(-1)?.output).toEqual(['logit']);
  });

  it('gives the same backbone whichever head sits on it', () => {
    const model = colourModel();
    const digest = backboneDigest(model, 'features');
    const replaced = replaceHead(model, { features: 'features', head: head(3, 5), output: 'logits' });
    expect(backboneDigest(readGraph(writeGraph(replaced), 'x'), 'features')).toBe(digest);
    expect(backboneDigest(colourModel({ weight: threeColours! }), 'features')).toBe(digest);
    expect(backboneDigest(colourModel({ layout: 'NCHW' }), 'features')).not.toBe(digest);
  });

  it('takes features that are no output yet, and leaves out what they do not need', () => {
    const { graph } = backboneOf(colourModel({ withFeatures: false }), 'features');
    expect(graph.output.map(({ name }) => name)).toEqual(['features']);
    expect(graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'ReduceMean', 'Mul']);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['scale']);
  });

  it('keeps what only the body of an inner graph reads', () => {
    const model = colourModel();
    const branch = aModel({
      node: [node('Add', ['features', 'shift'], 'shifted')],
      output: [value('shifted', dtype.float32, ['N', 3])],
    }).graph;
    const conditional = node('If', ['yes'], 'chosen');
    conditional.attribute.push(
      Object.assign(structuredClone(node('x', [], 'y', { a: 1 }).attribute[0]!), {
        name: 'then_branch',
        type: 5,
        g: branch,
        i: 0n,
      }),
    );
    model.graph.node.splice(3, 0, conditional);
    model.graph.initializer.push(
      floatTensor('shift', [3], new Float32Array(3)),
      floatTensor('yes', [], Float32Array.of(1)),
    );
    model.graph.output = [value('chosen', dtype.float32, ['N', 3])];
    const { graph } = backboneOf(model, 'chosen');
    expect(graph.initializer.map(({ name }) => name)).toEqual(['scale', 'shift', 'yes']);
    expect(graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'ReduceMean', 'Mul', 'If']);
  });

  it.each([
    [
      'no such value',
      () => backboneOf(colourModel(), 'pooled'),
      /^BACKBONE_INVALID: .*no value "pooled"; its outputs are out, features/,
    ],
    [
      'another type',
      () => {
        const model = colourModel();
        model.graph.output = [value('features', dtype.uint8, ['N', 3])];
        return backboneOf(model, 'features');
      },
      /^BACKBONE_INVALID: .*uint8 \[N,3\]; a head needs float32 \[N,width\]/,
    ],
    [
      'maps, not pooled',
      () => {
        const model = colourModel();
        model.graph.output = [value('features', dtype.float32, ['N', 3, 7, 7])];
        return backboneOf(model, 'features');
      },
      /^BACKBONE_INVALID: .*\[N,3,7,7\]/,
    ],
    [
      'a name that is taken',
      () => replaceHead(colourModel(), { features: 'features', head: head(3), output: 'floats' }),
      /^GRAPH_INVALID: .*"floats"/,
    ],
    [
      'an opset without broadcasting',
      () => {
        const model = colourModel();
        model.opsetImport[0]!.version = 6n;
        return replaceHead(model, { features: 'features', head: head(3), output: 'logit' });
      },
      /^GRAPH_INVALID: .*opset 6/,
    ],
  ])('refuses features that are %s', (_, work, expected) => {
    expect(codeOf(work)).toMatch(expected);
  });
});

describe('what a graph takes', () => {
  it.each([
    [
      { layout: 'NCHW', dtype: 'float32', size: [20, 30] },
      { layout: 'NCHW', dtype: 'float32', height: 20, width: 30, scale: 1 / 255, mean: [0.485, 0.456, 0.406] },
    ],
    [
      { layout: 'NHWC', dtype: 'uint8', size: [20, 30] },
      { layout: 'NHWC', dtype: 'uint8', height: 20, width: 30, scale: 1, mean: [0, 0, 0] },
    ],
    [
      { layout: 'NHWC', dtype: 'float32' },
      { layout: 'NHWC', dtype: 'float32', width: 16 },
    ],
  ] as const)('is read from %j', (model, expected) => {
    expect(inferInput(colourModel(model), 'x').input).toMatchObject(expected);
  });

  it('is what a person says where the graph is open', () => {
    const { input, assumptions } = inferInput(colourModel({ size: ['height', 'width'] }), 'x', {
      width: 24,
      height: 12,
      fit: 'cover',
      kernel: 'linear',
    });
    expect(input).toMatchObject({ width: 24, height: 12, fit: 'cover', kernel: 'linear' });
    expect(assumptions).toEqual([]);
  });

  const channelsAnywhere = () => {
    const model = colourModel();
    model.graph.input = [value('image', dtype.uint8, ['N', 3, 16, 3])];
    return model;
  };
  it.each([
    ['any size', () => inferInput(colourModel({ size: ['h', 'w'] }), 'x'), /^GRAPH_AMBIGUOUS: .*any width/],
    [
      'another size',
      () => inferInput(colourModel(), 'x', { width: 224, height: 224 }),
      /^GRAPH_AMBIGUOUS: .*16 pixels, not 224/,
    ],
    [
      'another type',
      () => inferInput(colourModel(), 'x', { dtype: 'float32' }),
      /^GRAPH_AMBIGUOUS: .*uint8, not float32/,
    ],
    ['another layout', () => inferInput(colourModel(), 'x', { layout: 'NCHW' }), /^GRAPH_INVALID/],
    ['channels in two places', () => inferInput(channelsAnywhere(), 'x'), /^GRAPH_AMBIGUOUS: .*channels/],
    [
      'two inputs',
      () => {
        const model = colourModel();
        model.graph.input.push(value('mask', dtype.float32, ['N', 1]));
        return inferInput(model, 'x');
      },
      /^GRAPH_INVALID: x has 2 inputs \(image, mask\)/,
    ],
    [
      'no picture',
      () => {
        const model = colourModel();
        model.graph.input = [value('tokens', dtype.int64, ['N', 128])];
        return inferInput(model, 'x');
      },
      /^GRAPH_INVALID: x takes int64 \[N,128\]/,
    ],
  ])('is refused: %s', (_, work, expected) => {
    expect(codeOf(work)).toMatch(expected);
  });

  it.each([
    ['grey', ['N', 1, 28, 28], {}, { layout: 'NCHW', channels: 'L', scale: 1 / 255, mean: [0, 0, 0] }],
    ['grey last', ['N', 28, 28, 1], {}, { layout: 'NHWC', channels: 'L' }],
    ['B, G, R', ['N', 3, 28, 28], { channels: 'BGR' }, { layout: 'NCHW', channels: 'BGR' }],
    [
      "a dimension's name",
      ['batch_size', 'num_channels', 'height', 'width'],
      { width: 8, height: 8 },
      { layout: 'NCHW' },
    ],
    ['a crop', ['N', 3, 8, 8], { crop: 10 }, { fit: 'cover', crop: 10 }],
    ['a batch of one', [1, 3, 8, 8], {}, { layout: 'NCHW' }],
    ['dynamic sizes of -1', [-1, 3, -1, -1], { width: 8, height: 4 }, { width: 8, height: 4 }],
  ] as const)('is read from %s', (_, shape, wishes, expected) => {
    const model = colourModel();
    model.graph.input = [value('image', dtype.float32, shape)];
    expect(inferInput(model, 'x', wishes).input).toMatchObject(expected);
  });

  it.each([
    ['a batch of eight', [8, 3, 16, 16], {}, /^GRAPH_INVALID: x takes exactly 8 pictures at a time/],
    ['a batch of none', [0, 3, 16, 16], {}, /^GRAPH_INVALID: x takes no picture at all/],
    ['grey said of colours', ['N', 3, 16, 16], { channels: 'L' }, /^GRAPH_INVALID: .*with channels L/],
    ['a crop that is too small', ['N', 3, 16, 16], { crop: 15 }, /^USAGE: --crop 15 is less than the 16 pixels/],
    ['a crop that is squeezed', ['N', 3, 16, 16], { crop: 20, fit: 'fill' }, /^USAGE: --crop keeps the aspect/],
  ] as const)('is refused: %s', (_, shape, wishes, expected) => {
    const model = colourModel();
    model.graph.input = [value('image', dtype.float32, shape)];
    expect(codeOf(() => inferInput(model, 'x', wishes))).toMatch(expected);
  });

  it('is asked for where the graph says no shape', () => {
    const model = colourModel();
    const input = value('image', dtype.float32, []);
    if (input.type?.value.case === 'tensorType') delete input.type.value.value.shape;
    model.graph.input = [input];
    expect(codeOf(() => inferInput(model, 'x'))).toMatch(/^GRAPH_AMBIGUOUS: x does not say the shape/);
    const wishes = { layout: 'NCHW', width: 8, height: 8 } as const;
    expect(inferInput(model, 'x', wishes).input).toMatchObject(wishes);
  });

  it('is what a person says where channels may be in two places', () => {
    expect(inferInput(channelsAnywhere(), 'x', { layout: 'NHWC' }).input).toMatchObject({ height: 3, width: 16 });
  });
});

describe('what a graph answers', () => {
  const two = ['cat', 'dog'];
  const three = ['red', 'green', 'blue'];
  const outputsOf = (...values: readonly ReturnType<typeof value>[]) => {
    const model = colourModel({ weight: threeColours! });
    model.graph.output = [...values];
    return model;
  };
  it.each([
    ['one value for two labels', outputsOf(value('out', dtype.float32, ['N', 1])), two, ['out']],
    ['a value a label', outputsOf(value('out', dtype.float32, ['N', 3])), three, ['out']],
    ['[1,labels,1,1]', outputsOf(value('out', dtype.float32, [1, 3, 1, 1])), three, ['out']],
    ['[labels]', outputsOf(value('out', dtype.float32, [3])), three, ['out']],
    ['float16 and float64', outputsOf(value('out', 10, ['N', 3]), value('more', 11, ['N', 3])), three, ['out', 'more']],
    [
      'not the label alone, and not features',
      outputsOf(
        value('label', dtype.int64, ['N']),
        value('features', dtype.float32, ['N', 1280]),
        value('out', dtype.float32, ['N', 2]),
      ),
      two,
      ['out'],
    ],
    [
      'whatever says no width',
      outputsOf(value('features', dtype.float32, ['N', 'width']), value('out', dtype.float32, ['N', 3])),
      three,
      ['features', 'out'],
    ],
  ] as const)('%s', (_, model, labels, expected) => {
    expect(candidateOutputs(model, 'x', labels, {}).map(({ name }) => name)).toEqual(expected);
  });

  it.each([
    [
      'an output that is not there',
      () => candidateOutputs(colourModel(), 'x', two, { name: 'logit' }),
      /^GRAPH_INVALID: x has no output logit; it has out/,
    ],
    [
      'too many labels',
      () => candidateOutputs(colourModel(), 'x', ['a', 'b', 'c', 'd'], {}),
      /^GRAPH_INVALID: No output of x fits the 4 labels a, b, c, d: out float32 \[N,1\] has 1 values an image, not 4/,
    ],
    [
      'features, named as the output',
      () => candidateOutputs(outputsOf(value('f', dtype.float32, ['N', 1280])), 'x', two, { name: 'f' }),
      /1280 values an image, not 2 or 1, which look like features, the input of the last layer/,
    ],
    [
      'the classes of ImageNet',
      () => candidateOutputs(outputsOf(value('f', dtype.float32, ['N', 1000])), 'x', two, {}),
      /not 2 or 1, as many as ImageNet has classes/,
    ],
    [
      'the label alone',
      () => candidateOutputs(outputsOf(value('label', dtype.int64, ['N'])), 'x', two, {}),
      /label int64 \[N\] holds the label alone/,
    ],
    [
      'a kind of one value, and two',
      () => candidateOutputs(outputsOf(value('out', dtype.float32, ['N', 2])), 'x', two, { kind: 'binary-logit' }),
      /has 2 values an image, not 1/,
    ],
  ])('is refused: %s', (_, work, expected) => {
    expect(codeOf(work)).toMatch(expected);
  });
});

describe('a graph that onnxruntime cannot load', () => {
  const failure = (cause: string) => new PawlError('MODEL_INCOMPATIBLE', { message: 'cannot load', cause });
  it.each([
    ['Fatal error: com.example:Sharpen(-1) is not a registered function/op', /operator com\.example:Sharpen,/],
    ['No Op registered for Frobnicate with domain_version of 17', /operator Frobnicate,/],
    ['NOT_IMPLEMENTED : Could not find an implementation for Conv(11) node with name', /operator Conv\(11\),/],
    ['Protobuf parsing failed.', /cannot be loaded: Protobuf parsing failed/],
  ])('%s', (said, expected) => {
    expect(explainLoadFailure(failure(said), 'x.onnx')).toMatchObject({
      code: 'GRAPH_INVALID',
      message: expect.stringMatching(expected) as string,
    });
  });

  it('other errors stay what they are', () => {
    const error = new PawlError('WORKER_CRASHED', { message: 'gone' });
    expect(explainLoadFailure(error, 'x.onnx')).toBe(error);
  });
});
