import { anInputSpec } from '@pawl/test-kit/input-spec';
import { describeFormula } from '../describe-input.ts';
import { inferNormalisation, type NormalisationWishes } from './infer-normalisation.ts';

const float = { dtype: 'float32' } as const;
const same = (number: number): [number, number, number] => [number, number, number];

describe('how values become the input’s', () => {
  it.each([
    [{}, '(value / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]', "Values are normalised as ImageNet's"],
    [{ scale: 1 / 255 }, 'value / 255', undefined],
    [{ scale: 1 / 127.5, mean: same(1) }, 'value / 127.5 - 1', undefined],
    [{ scale: 1 }, 'values 0..255 as they are', undefined],
    [
      { mean: [0.5, 0.4, 0.3], std: same(0.5) },
      '(value / 255 - [0.5, 0.4, 0.3]) / 0.5',
      '--mean and --std are of values 0..1',
    ],
    [
      { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
      '(value - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]',
      '--mean is of values 0..255, so they are not scaled before',
    ],
    [{ mean: same(127.5), std: same(127.5) }, '(value - 127.5) / 127.5', '--mean is of values 0..255'],
    [{ mean: [103.939, 116.779, 123.68] }, 'value - [103.939, 116.779, 123.68]', '--mean is of values 0..255'],
    [{ std: same(255) }, 'value / 255', '--std is of values 0..255'],
    [{ mean: same(0), std: same(1) }, 'value / 255', '--mean and --std are of values 0..1'],
  ] as const)('%j', (wishes, formula, assumed) => {
    const { assumed: said, ...normalisation } = inferNormalisation('x', float, wishes as NormalisationWishes);
    expect(describeFormula(anInputSpec({ ...float, ...normalisation }))).toBe(formula);
    if (assumed === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(assumed);
  });

  it.each([
    [{ std: [0, 1, 1] }, /above 0/],
    [{ std: same(-1) }, /above 0/],
    [{ scale: 0 }, /above 0/],
    [{ mean: same(0.5) }, /--mean is given without the other/],
    [{ std: same(0.5) }, /--std is given without the other/],
    [{ mean: same(123), std: same(0.2) }, /do not go together/],
    [{ mean: same(0.5), std: same(58) }, /do not go together/],
  ] as const)('refuses %j', (wishes, message) => {
    expect(() => inferNormalisation('x', float, wishes as NormalisationWishes)).toThrow(message);
  });

  it('leaves grey and bytes what they are, and says that nothing is done to bytes', () => {
    expect(inferNormalisation('x', { ...float, channels: 'L' }, {})).toMatchObject({ scale: 1 / 255, std: same(1) });
    expect(inferNormalisation('x', { dtype: 'uint8' }, {})).toMatchObject({ scale: 1, assumed: undefined });
    expect(() => inferNormalisation('x', { dtype: 'uint8' }, { scale: 2 })).toThrow(/takes uint8/);
  });
});
