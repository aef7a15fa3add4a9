import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catdog } from '@pawl/test-kit/repository';
import { bytesField, externalTensor, group, numberField, plainTensor } from '@pawl/test-kit/onnx-bytes';
import { GraphScanner, requireSelfContained, type GraphVerdict } from './graph-scanner.ts';

/** The verdict over bytes that come in pieces of a size. */
function scan(bytes: Uint8Array, piece = bytes.length): GraphVerdict {
  const scanner = new GraphScanner();
  for (let at = 0; at < bytes.length; at += piece) scanner.update(bytes.subarray(at, at + piece));
  return scanner.finish();
}

/** The bytes of a message inside others, by the numbers of the fields that lead to it, outermost first. */
const inside = (path: readonly number[], message: Uint8Array): Uint8Array =>
  path.reduceRight((inner, field) => bytesField(field, inner), message);

/** The way into graphs inside each other. */
const inner = (depth: number): number[] => Array.from({ length: depth }, () => [NODE, ATTRIBUTE, 6]).flat();

const GRAPH = 7;
const NODE = 1;
const ATTRIBUTE = 5;
const INITIALIZER = 5;

describe('the scanner of graphs', () => {
  it.each<[string, readonly number[]]>([
    ['an initialiser', [GRAPH, INITIALIZER]],
    ['the values of a sparse initialiser', [GRAPH, 15, 1]],
    ['the indices of a sparse initialiser', [GRAPH, 15, 2]],
    ['an attribute of a node', [GRAPH, NODE, ATTRIBUTE, 5]],
    ['one of the tensors of an attribute', [GRAPH, NODE, ATTRIBUTE, 10]],
    ['a sparse tensor of an attribute', [GRAPH, NODE, ATTRIBUTE, 22, 1]],
    ['one of the sparse tensors of an attribute', [GRAPH, NODE, ATTRIBUTE, 23, 2]],
    ['the body of a loop', [GRAPH, NODE, ATTRIBUTE, 6, INITIALIZER]],
    ['one of the graphs of an attribute', [GRAPH, NODE, ATTRIBUTE, 11, NODE, ATTRIBUTE, 5]],
    ['a function', [25, 7, ATTRIBUTE, 5]],
    ['a default value of a function', [25, 11, 5]],
    ['the initialisation of training', [20, 1, INITIALIZER]],
    ['the algorithm of training', [20, 2, INITIALIZER]],
  ])('finds a tensor in another file in %s, however the bytes are cut', (_, path) => {
    const model = inside(path, externalTensor('hidden.bin'));
    expect([1, 2, 3, 7, model.length].map((piece) => scan(model, piece))).toEqual(Array(5).fill('external-data'));
    expect(scan(inside(path, plainTensor()), 3)).toBe('self-contained');
  });

  it.each<[string, Uint8Array]>([
    ['a value that is EXTERNAL once its high bits are cut off', Buffer.from('7081808080f0ffffffff01', 'hex')],
    ['a varint that is longer than it must be', Buffer.from('70818000', 'hex')],
    ['the tag as a varint that is longer than it must be', Buffer.from('f0800001', 'hex')],
    ['a location that a later one takes back', Buffer.concat([numberField(14, 1), numberField(14, 0)])],
    ['a location that is not defined', numberField(14, 7)],
  ])('is not led past by %s', (_, tensor) => {
    expect(scan(inside([GRAPH, INITIALIZER], tensor))).toBe('external-data');
  });

  it('takes a shipped model for what it is, in pieces of any size', () => {
    const model = readFileSync(join(catdog, 'model.onnx'));
    expect([model.length, 1_000_003, 4096].map((piece) => scan(model, piece))).toEqual(Array(3).fill('self-contained'));
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a text', Buffer.from('version https://git-lfs.github.com/spec/v1\n')],
    ['a model that is cut short', readFileSync(join(catdog, 'model.onnx')).subarray(0, 1_000_000)],
    ['half a tag', Uint8Array.of(0x80)],
    ['a tag without a value', Uint8Array.of(0x08)],
    ['a message that is longer than the one around it', bytesField(GRAPH, Uint8Array.of(0x0a, 0x05))],
    ['a number that goes on behind its message', Buffer.concat([bytesField(GRAPH, Uint8Array.of(0x08)), Buffer.of(1)])],
    ['a number that has no end', Buffer.from(`08${'80'.repeat(11)}00`, 'hex')],
    ['a length of more than 32 bits', Buffer.from('3a8080808010', 'hex')],
    ['field 0', Uint8Array.of(0x00, 0x00)],
    ['a group, which protobuf gave up before ONNX was', bytesField(GRAPH, group(3))],
    ['graphs in each other, deeper than any runtime takes', inside([GRAPH, ...inner(40)], plainTensor())],
    [
      'a model in the format of onnxruntime',
      Buffer.concat([Buffer.from('120600004f52544d', 'hex'), Buffer.alloc(16, 8)]),
    ],
  ])('takes %s for no whole ONNX model', (_, bytes) => {
    expect(scan(bytes)).toBe('malformed');
  });

  it('never throws, and never takes forever, whatever the bytes are', () => {
    // Every message of the format with every byte of it replaced in turn.
    const model = inside([GRAPH, NODE, ATTRIBUTE, 6, INITIALIZER], externalTensor('x'));
    const verdicts = new Set<GraphVerdict>();
    for (let at = 0; at < model.length; at += 1)
      for (let value = 0; value < 256; value += 1) {
        const changed = Uint8Array.from(model);
        changed[at] = value;
        verdicts.add(scan(changed, 5));
      }
    expect([...verdicts].sort()).toEqual(['external-data', 'malformed', 'self-contained']);
  });
});

describe('requireSelfContained', () => {
  it('names the model and what to do', () => {
    const model = inside([GRAPH, INITIALIZER], externalTensor('hidden.bin'));
    expect(() => {
      requireSelfContained(model, 'model.onnx');
    }).toThrow(
      expect.objectContaining({
        code: 'MODEL_EXTERNAL_DATA',
        message: 'model.onnx keeps weights in another file, which no digest covers; expected a graph in one file.',
        hint: expect.stringContaining('save_as_external_data=False') as string,
      }) as Error,
    );
  });

  it('refuses what is no ONNX before onnxruntime sees it', () => {
    expect(() => {
      requireSelfContained(Buffer.from('hello'), 'model.onnx');
    }).toThrow(expect.objectContaining({ code: 'MODEL_INCOMPATIBLE' }) as Error);
  });
});
