import { augment, flipHorizontally, rotate, type Augmentation } from './augment.ts';
import { measureImage } from './image-statistics.ts';

const nothing: Augmentation = {
  flip: false,
  rotation: 0,
  brightness: 1,
  contrast: 1,
  saturation: 1,
  order: ['brightness', 'contrast', 'saturation'],
};
const grey = (...values: readonly number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]));
const reds = (pixels: Uint8Array) => Array.from(pixels).filter((_, i) => i % 3 === 0);
/** A 4 x 3 picture of which every value is another one. */
const numbered = Uint8Array.from({ length: 36 }, (_, i) => i * 7);

describe('altering a picture', () => {
  it('gives an equal copy when nothing is asked for', () => {
    const copy = augment(numbered, 4, 3, nothing);
    expect(copy).toEqual(numbered);
    expect(copy).not.toBe(numbered);
  });

  it('leaves the original as it is', () => {
    const original = numbered.slice();
    augment(original, 4, 3, { ...nothing, flip: true, rotation: 30, brightness: 1.5, contrast: 0.5, saturation: 2 });
    expect(original).toEqual(numbered);
  });

  it('flips left and right, pixel by pixel', () => {
    expect(reds(flipHorizontally(grey(1, 2, 3, 4, 5, 6), 3))).toEqual([3, 2, 1, 6, 5, 4]);
    const [r, g, b] = flipHorizontally(numbered, 4).subarray(0, 3);
    expect([r, g, b]).toEqual([63, 70, 77]);
  });

  it.each([
    [90, [2, 4, 1, 3]],
    [180, [4, 3, 2, 1]],
    [-90, [3, 1, 4, 2]],
    [360, [1, 2, 3, 4]],
  ])('turns by %i degrees, counter-clockwise', (degrees, expected) => {
    expect(reds(rotate(grey(1, 2, 3, 4), 2, 2, degrees))).toEqual(expected);
  });

  it('turns between pixels by weighing the four around, with black outside', () => {
    // The corner of a white 3 x 3 picture turned by 45 degrees comes from (1 - sqrt(2), 1): 0.414 left of the first column.
    const turned = reds(rotate(grey(...new Array<number>(9).fill(255)), 3, 3, 45));
    expect(turned[4]).toBe(255);
    expect(turned[0]).toBe(Math.round(255 * (2 - Math.SQRT2)));
    expect([turned[2], turned[6], turned[8]]).toEqual([turned[0], turned[0], turned[0]]);
  });

  it('flips before it turns', () => {
    const flipped = flipHorizontally(numbered, 4);
    for (const rotation of [0, 90, 13, -13])
      expect(augment(numbered, 4, 3, { ...nothing, flip: true, rotation })).toEqual(rotate(flipped, 4, 3, rotation));
  });

  it('keeps the content of a picture that is turned there and back', () => {
    const size = 32;
    const smooth = Uint8Array.from(
      { length: size * size * 3 },
      (_, i) => 60 + ((Math.floor(i / 3) % size) * 128) / size,
    );
    const back = rotate(rotate(smooth, size, size, 12), size, size, -12);
    const centre = (16 * size + 16) * 3;
    expect(Math.abs((back[centre] ?? 0) - (smooth[centre] ?? 0))).toBeLessThanOrEqual(2);
  });

  // By hand, from torchvision's definitions: blend(image, other, factor) = factor * image + (1 - factor) * other, cut.
  it.each([
    ['brightness', 1.2, [100, 50, 240], [120, 60, 255]],
    ['brightness', 0.5, [101, 50, 240], [50, 25, 120]],
    // Luma of (100, 50, 240): 0.2989 * 100 + 0.587 * 50 + 0.114 * 240 = 86.6, cut to 86.
    ['saturation', 0, [100, 50, 240], [86, 86, 86]],
    ['saturation', 1.5, [100, 50, 240], [107, 32, 255]],
    ['contrast', 0, [100, 50, 240], [86, 86, 86]],
    ['contrast', 2, [100, 50, 240], [114, 14, 255]],
  ] as const)('%s by %f', (change, factor, pixel, expected) => {
    expect([...augment(Uint8Array.from(pixel), 1, 1, { ...nothing, [change]: factor })]).toEqual(expected);
  });

  it('takes contrast from the mean of the whole picture', () => {
    // Grey values are cut: 0.9999 * 10 gives 9.
    expect(reds(augment(grey(10, 30), 2, 1, { ...nothing, contrast: 0 }))).toEqual([19, 19]);
  });

  it('makes colour changes in the order that is given', () => {
    const both = { ...nothing, brightness: 2, contrast: 0.5 };
    const first = augment(grey(100, 200), 2, 1, { ...both, order: ['brightness', 'contrast'] });
    const second = augment(grey(100, 200), 2, 1, { ...both, order: ['contrast', 'brightness'] });
    expect(first).not.toEqual(second);
  });
});

describe('measuring a picture', () => {
  it.each([
    ['one colour', grey(90, 90), { brightness: 90, contrast: 0, saturation: 0 }],
    ['black and white', grey(0, 255), { brightness: 127.5, contrast: 127.5, saturation: 0 }],
    ['red', Uint8Array.of(200, 0, 0), { brightness: 59.8, contrast: 0, saturation: 200 }],
  ])('of %s', (_, pixels, expected) => {
    const { brightness, contrast, saturation } = measureImage(pixels, pixels.length / 3);
    expect(brightness).toBeCloseTo(expected.brightness, 9);
    expect(contrast).toBeCloseTo(expected.contrast, 5);
    expect(saturation).toBeCloseTo(expected.saturation, 9);
  });
});
