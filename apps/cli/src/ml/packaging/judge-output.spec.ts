import { CliError } from '../../errors/cli-error.ts';
import type { OutputWishes } from '../../bundles/onnx/infer-output.ts';
import { judgeOutput, type JudgedOutput } from './judge-output.ts';

const base: JudgedOutput = { file: 'x.onnx', name: 'y', labels: ['a', 'b', 'c'], isRounded: false };
const judge = (values: readonly (readonly number[])[], wishes: OutputWishes = {}, change: Partial<JudgedOutput> = {}) =>
  judgeOutput(
    { ...base, ...change },
    values.map((row, index) => ({ name: `${index}.jpg`, values: row })),
    wishes,
  );
const two = { labels: ['cat', 'dog'] };

describe('what an output’s values are', () => {
  it.each([
    ['logits', [[3, -1, 0]], {}, {}, 'softmax-logits', /softmax exp\(y\) \/ sum\(exp\(y\)\)/],
    [
      'probabilities of no known operator',
      [
        [0.9, 0.1, 0],
        [0.2, 0.3, 0.5],
      ],
      {},
      {},
      'probabilities',
      /sums to 1/,
    ],
    ['probabilities of Softmax', [[0.9, 0.1, 0]], {}, { maker: 'Softmax' }, 'probabilities', undefined],
    ['rounded probabilities', [[0.902, 0.086, 0.035]], {}, { isRounded: true }, 'probabilities', /as they are/],
    ['log-probabilities', [[-0.1, -2.4, -5]], {}, { maker: 'LogSoftmax' }, 'softmax-logits', undefined],
    [
      'small values that are said to be logits',
      [[0.1, 0.2, 0.3]],
      { kind: 'softmax-logits' },
      {},
      'softmax-logits',
      undefined,
    ],
    ['two logits', [[3, -1]], {}, two, 'softmax-logits', /softmax/],
    ['one logit', [[3], [-2]], {}, two, 'binary-logit', /sigmoid 1 \/ \(1 \+ exp\(-y\)\)/],
    ['one probability', [[0.97], [0.02]], {}, two, 'binary-probability', /y lies in 0\.\.1 .* probability of dog/],
    [
      'one value that is said to be a logit',
      [[0.97], [0.02]],
      { kind: 'binary-logit' },
      two,
      'binary-logit',
      undefined,
    ],
    ['not judged by a picture of NaN', [[NaN], [-3]], {}, two, 'binary-logit', /logit of dog/],
  ] as const)('%s', (_, values, wishes, change, kind, assumed) => {
    const { output, assumptions } = judge(values, wishes, change);
    expect(output).toMatchObject({ kind, name: 'y' });
    if (assumed === undefined) expect(assumptions).toEqual([]);
    else expect(assumptions).toEqual([expect.stringMatching(assumed)]);
  });

  it('keeps the threshold of one value', () => {
    expect(judge([[0.9], [0.1]], { threshold: 0.7 }, two).output).toMatchObject({ threshold: 0.7 });
  });

  it.each([
    [
      'probabilities said to be logits',
      [[0.9, 0.1, 0]],
      { kind: 'softmax-logits' },
      {},
      'GRAPH_INVALID',
      /softmax's already/,
    ],
    ['logits said to be probabilities', [[3, 0, 0]], { kind: 'probabilities' }, {}, 'GRAPH_INVALID', /beyond 0\.\.1/],
    ['sums that are not 1', [[1, 1, 1]], { kind: 'probabilities' }, {}, 'GRAPH_INVALID', /0\.jpg sum to 3, not to 1/],
    ['softmax over the pictures', [[1, 1, 1]], {}, { before: 'logits' }, 'GRAPH_INVALID', /axis 0/],
    [
      'a sigmoid a label',
      [[0.99, 0.01, 0.004]],
      {},
      { maker: 'Sigmoid' },
      'GRAPH_INVALID',
      /Sigmoid of each label alone/,
    ],
    ['sums that are nearly 1, of no rounding', [[0.9, 0.1, 0.03]], {}, {}, 'GRAPH_AMBIGUOUS', /sum to 1\.03/],
    ['small values', [[0.1, 0.2, 0.3]], {}, {}, 'GRAPH_AMBIGUOUS', /may be logits/],
    [
      'one logit said to be a probability',
      [[3]],
      { kind: 'binary-probability' },
      two,
      'GRAPH_INVALID',
      /beyond 0\.\.1/,
    ],
    [
      'a sigmoid said to be a logit',
      [[0.9]],
      { kind: 'binary-logit' },
      { ...two, maker: 'Sigmoid' },
      'GRAPH_INVALID',
      /already/,
    ],
    ['NaN', [[NaN, NaN, NaN]], {}, {}, 'GRAPH_INVALID', /not finite/],
    ['another number of values', [[1, 2]], {}, {}, 'GRAPH_INVALID', /gives 2 values for a picture, not 3/],
    ['a threshold of several', [[3, -1, 0]], { threshold: 0.3 }, {}, 'USAGE', /--threshold/],
  ] as const)('refuses %s', (_, values, wishes, change, code, message) => {
    const act = () => judge(values, wishes, change);
    expect(act).toThrow(CliError);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error);
  });
});
