import type { FirstStageSpec, OutputSpec } from '../bundle/manifest.ts';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { firstSessionSpec, inputsOf, isSure, marginOf } from './stage.ts';

const binary: OutputSpec = { kind: 'binary-logit', name: 'logit', threshold: 0.5 };
const softmax: OutputSpec = { kind: 'softmax-logits', name: 'logits' };
const first: FirstStageSpec = { model: 'first.onnx', input: anInputSpec({ width: 16 }), output: 'small', sure: 3 };

describe('marginOf', () => {
  it.each<[string, number[], OutputSpec, number]>([
    ['a logit of the second label', [2.5], binary, 2.5],
    ['a logit of the first label', [-2.5], binary, 2.5],
    ['a logit beside a threshold of 0.9, whose logit is log(9)', [0], { ...binary, threshold: 0.9 }, Math.log(9)],
    ['a threshold that every picture reaches', [-40], { ...binary, threshold: 0 }, Infinity],
    ['a threshold that none reaches', [4], { ...binary, threshold: 1 }, Infinity],
    ['the best of three logits and the second', [1, -7, 5.5], softmax, 4.5],
    ['two best logits', [4, 4, 0], softmax, 0],
    ['a logit that is not a number', [NaN], binary, NaN],
    ['one infinite logit of several', [1, Infinity], softmax, NaN],
    ['no logit', [], binary, NaN],
    ['probabilities', [0.9, 0.1], { kind: 'probabilities', name: 'p' }, NaN],
  ])('measures %s', (_, values, output, margin) => {
    const measured = marginOf(values, output);
    if (Number.isFinite(margin)) expect(measured).toBeCloseTo(margin, 12);
    else expect(measured).toBe(margin);
  });

  it('leaves the logits in their order', () => {
    const values = [1, 5, 3];
    marginOf(values, softmax);
    expect(values).toEqual([1, 5, 3]);
  });
});

describe('isSure', () => {
  const known = { output: 'known', threshold: -2 };

  it.each<[string, boolean, number, number | undefined, FirstStageSpec]>([
    ['a margin of exactly what is asked', true, -3, undefined, first],
    ['a margin just below', false, 2.999, undefined, first],
    ['any finite logit, where nothing is asked', true, 0, undefined, { ...first, sure: 0 }],
    ['a logit that is not a number', false, NaN, undefined, { ...first, sure: 0 }],
    ['a picture that it knows well enough', true, 9, -2, { ...first, known }],
    ['a picture that it hardly knows, however large the margin', false, 9, -2.001, { ...first, known }],
    ['a missing value of what it knows', false, 9, undefined, { ...first, known }],
    ['a value of what it knows that is not a number', false, 9, NaN, { ...first, known }],
  ])('%s: %p', (_, sure, logit, value, spec) => {
    expect(isSure({ output: [logit], known: value }, spec, binary)).toBe(sure);
  });
});

describe('the first stage of a spec', () => {
  const input = anInputSpec();
  const spec = { labels: ['cat', 'dog'], input, output: { ...binary, threshold: 0.7 } };

  it('shares labels, kind and threshold with the model, and has an input and outputs of its own', () => {
    const known = { output: 'known', threshold: -2 };
    expect(firstSessionSpec({ ...spec, firstStage: { ...first, known } })).toEqual({
      labels: ['cat', 'dog'],
      input: first.input,
      output: { kind: 'binary-logit', name: 'small', threshold: 0.7 },
      abstain: known,
    });
    expect(inputsOf({ ...spec, firstStage: first })).toEqual([first.input, input]);
  });

  it('is none where the bundle has one graph', () => {
    expect(firstSessionSpec(spec)).toBeUndefined();
    expect(inputsOf(spec)).toEqual([input]);
  });
});
