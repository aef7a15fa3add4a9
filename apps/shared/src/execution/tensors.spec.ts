import { toFloat32 } from './tensors.ts';
import { valuesPerImage } from './values-per-image.ts';

describe('values an image', () => {
  it.each([
    [['N', 10], 10],
    [[1, 10, 1, 1], 10],
    [['N', 512, 7, 7], 25_088],
    [[3], 3],
    [['N', 'C'], undefined],
    [['N', -1], undefined],
    [['N'], undefined],
    [[], undefined],
    [undefined, undefined],
  ] as const)('of the shape %j: %p', (shape, expected) => {
    expect(valuesPerImage(shape)).toBe(expected);
  });
});

describe('the values of an output', () => {
  it('are float32 as they are, and nothing where the values are no floating-point numbers', () => {
    const values = Float32Array.of(1);
    expect(toFloat32(values)).toBe(values);
    expect(toFloat32(Float64Array.of(0.25))).toEqual(Float32Array.of(0.25));
    expect(toFloat32(Float16Array.of(-2))).toEqual(Float32Array.of(-2));
    expect(toFloat32(BigInt64Array.of(1n))).toBeUndefined();
  });
});
