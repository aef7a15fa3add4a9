import { anInputSpec } from '@pawl/test-kit/input-spec';
import { inputDimensions, toTensorData } from './to-tensor.ts';

// Two pixels in a row, then two below: R G B of each.
const pixels = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const small = { width: 2, height: 2 };

describe('toTensorData', () => {
  it('uint8 NHWC is the same array, not a copy', () => {
    expect(toTensorData(pixels, anInputSpec(small))).toBe(pixels);
  });

  it('uint8 NCHW is one plane a channel', () => {
    expect(toTensorData(pixels, anInputSpec({ ...small, layout: 'NCHW' }))).toEqual(
      Uint8Array.from([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]),
    );
  });

  it('float32 NHWC is (value * scale - mean) / std of the channel', () => {
    const input = anInputSpec({ ...small, dtype: 'float32', scale: 2, mean: [1, 2, 3], std: [1, 2, 4] });
    expect(toTensorData(pixels, input)).toEqual(
      // 1*2-1, (2*2-2)/2, (3*2-3)/4, ...
      Float32Array.from([1, 1, 0.75, 7, 4, 2.25, 13, 7, 3.75, 19, 10, 5.25]),
    );
  });

  it('float32 NCHW is the same in planes', () => {
    const input = anInputSpec({
      ...small,
      layout: 'NCHW',
      dtype: 'float32',
      scale: 2,
      mean: [1, 2, 3],
      std: [1, 2, 4],
    });
    expect(toTensorData(pixels, input)).toEqual(Float32Array.from([1, 7, 13, 19, 1, 4, 7, 10, 0.75, 2.25, 3.75, 5.25]));
  });

  it("ImageNet's usual normalisation, to the published figures", () => {
    const input = anInputSpec({
      width: 1,
      height: 1,
      layout: 'NCHW',
      dtype: 'float32',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    const [black, white] = [0, 255].map((value) => toTensorData(new Uint8Array(3).fill(value), input));
    // -0.485/0.229 ... and (1-0.485)/0.229 ...
    [-2.117904, -2.035714, -1.804444].forEach((value, i) => {
      expect(black![i]).toBeCloseTo(value, 5);
    });
    [2.248908, 2.428571, 2.64].forEach((value, i) => {
      expect(white![i]).toBeCloseTo(value, 5);
    });
  });

  it('keeps width and height apart', () => {
    const wide = anInputSpec({ width: 3, height: 1, layout: 'NCHW' });
    expect(toTensorData(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]), wide)).toEqual(
      Uint8Array.from([1, 4, 7, 2, 5, 8, 3, 6, 9]),
    );
  });

  it('has the number of values of the tensor [1, 224, 224, 3]', () => {
    const all = new Uint8Array(224 * 224 * 3);
    expect(toTensorData(all, anInputSpec({ layout: 'NCHW', dtype: 'float32' }))).toHaveLength(150_528);
  });

  it('refuses pixels of another size', () => {
    expect(() => toTensorData(pixels, anInputSpec())).toThrow(RangeError);
  });

  it('BGR swaps red and blue, and mean and std go with the tensor', () => {
    const bgr = { ...small, channels: 'BGR' } as const;
    expect(toTensorData(pixels, anInputSpec(bgr))).toEqual(Uint8Array.from([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]));
    const caffe = anInputSpec({ ...bgr, layout: 'NCHW', dtype: 'float32', mean: [3, 2, 1] });
    expect(toTensorData(pixels, caffe)).toEqual(Float32Array.from([0, 3, 6, 9, 0, 3, 6, 9, 0, 3, 6, 9]));
  });

  it("L is one channel of grey, to the values of Pillow's convert('L')", () => {
    const primaries = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 200, 90]);
    const grey = anInputSpec({ ...small, channels: 'L' });
    // Pillow 12: Image.frombytes('RGB', (4, 1), ...).convert('L').tobytes()
    expect(toTensorData(primaries, grey)).toEqual(Uint8Array.from([76, 150, 29, 131]));
    const normalised = anInputSpec({ ...grey, layout: 'NCHW', dtype: 'float32', mean: [29, 0, 0], std: [2, 1, 1] });
    expect(toTensorData(primaries, normalised)).toEqual(Float32Array.from([23.5, 60.5, 0, 51]));
    expect(inputDimensions(normalised, 1)).toEqual([1, 1, 2, 2]);
  });
});
