import { bytesField } from '@pawl/test-kit/onnx-bytes';
import { aModel, bytesOf, colourModel, dtype, node, value } from '../../../test/support/graphs.ts';
import { readGraph } from '../../bundles/onnx/read-graph.ts';
import { labelsOfGraph } from './graph-labels.ts';
import { parseLabelsFile } from './read-labels.ts';

describe('labels of a file', () => {
  it.each([
    ['one a line', '\uFEFFcat\r\ndog, small\r\n\r\n', ['cat', 'dog, small']],
    ['numbered, as of Teachable Machine', '0 cat\n1 hot dog\n', ['cat', 'hot dog']],
    ['a list', '["cat", "dog"]', ['cat', 'dog']],
    ['by number', '{"1": "dog", "0": "cat", "10": "ten"}', undefined],
    ['by number, out of order', '{"1": "dog", "0": "cat"}', ['cat', 'dog']],
    ["as ImageNet's index", '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}', ['tench', 'goldfish']],
    ['by label, as of Keras', '{"dog": 1, "cat": 0}', ['cat', 'dog']],
    ['config.json', '{"model_type": "vit", "id2label": {"0": "cat", "1": "dog"}}', ['cat', 'dog']],
    ['label2id', '{"label2id": {"dog": 1, "cat": 0}}', ['cat', 'dog']],
    ['names', '{"names": ["cat", "dog"]}', ['cat', 'dog']],
    ['numbers for labels', '["0", 1]', ['0', '1']],
    ['broken JSON', '["cat", ', undefined],
    ['a number', '{"0": {"cat": 1}}', undefined],
  ])('%s', (_, text, expected) => {
    if (expected === undefined)
      expect(() => parseLabelsFile(text, 'labels.json')).toThrow(/labels.json cannot be told/);
    else expect(parseLabelsFile(text, 'labels.json')).toEqual(expected);
  });
});

describe('labels of the graph itself', () => {
  const text = (content: string) => Buffer.from(content);
  const withMetadata = (key: string, content: string) =>
    readGraph(
      Buffer.concat([
        bytesOf(colourModel()),
        bytesField(14, Buffer.concat([bytesField(1, text('author')), bytesField(2, text('somebody'))])),
        bytesField(14, Buffer.concat([bytesField(1, text(key)), bytesField(2, text(content))])),
      ]),
      'x.onnx',
    );

  it.each([
    ['names', `{0: 'tench', 1: "dog's", 2: 'it\\'s'}`, ['tench', "dog's", "it's"]],
    ['names', `['cat', 'dog']`, ['cat', 'dog']],
    ['id2label', '{"0": "cat", "1": "dog"}', ['cat', 'dog']],
    ['labels', 'cat,dog', ['cat', 'dog']],
    ['labels', '["cat", "dog"]', ['cat', 'dog']],
    ['names', `{0: 'cat', 2: 'dog'}`, undefined],
    ['names', 'cat', undefined],
    ['stride', '32', undefined],
  ])('metadata %s: %s', (key, content, expected) => {
    expect(labelsOfGraph(withMetadata(key, content))?.names).toEqual(expected);
  });

  it('the classes of ZipMap', () => {
    const zip = node('ZipMap', ['probabilities'], 'loss', {}, 'ai.onnx.ml');
    const attribute = Buffer.concat([
      bytesField(1, text('classlabels_strings')),
      ...['cat', 'dog'].map((name) => bytesField(9, text(name))),
    ]);
    // An attribute is field 5 of a node, a node field 1 of the graph, the graph field 7 of the model.
    const plain = bytesOf(aModel({ node: [zip], output: [value('loss', dtype.float32, ['N', 2])] }));
    const more = Buffer.concat([bytesField(4, text('ZipMap')), bytesField(5, attribute)]);
    const model = readGraph(Buffer.concat([plain, bytesField(7, bytesField(1, more))]), 'x.onnx');
    model.graph.node.shift();
    expect(labelsOfGraph(model)).toMatchObject({ names: ['cat', 'dog'] });
  });
});
