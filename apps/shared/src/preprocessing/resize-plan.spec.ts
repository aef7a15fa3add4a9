import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { inRepository } from '@pawl/test-kit/repository';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { createImageDecoder } from './decode-image.ts';
import { defaultImageLimits } from './limits.ts';
import { planCrop } from './resize-plan.ts';

describe('planning a central crop', () => {
  const square = { width: 224, height: 224 };
  it.each([
    ['a square', square, 256, [512, 512], [256, 256], [16, 16]],
    ['a wide one: the longer side is rounded down', square, 256, [560, 465], [308, 256], [42, 16]],
    ['a high one', square, 256, [438, 460], [256, 268], [16, 22]],
    ['half a pixel, to the even one below', square, 233, [560, 465], [280, 233], [28, 4]],
    ['half a pixel, to the even one above', square, 227, [500, 500], [227, 227], [2, 2]],
    ['an input that is no square', { width: 160, height: 240 }, 250, [560, 465], [301, 250], [70, 5]],
    ['a crop of all', square, 224, [10, 10], [224, 224], [0, 0]],
  ] as const)('%s', (_, input, crop, [width, height], resized, corner) => {
    expect(planCrop(input, crop, { width, height })).toEqual({
      before: undefined,
      width: resized[0],
      height: resized[1],
      after: { left: corner[0], top: corner[1], ...input },
    });
  });

  it.each([
    [100_000, 1],
    [1, 100_001],
    [40_000, 250],
  ])('resizes only the middle of %i x %i', (width, height) => {
    const plan = planCrop(square, 256, { width, height });
    expect(plan.width * plan.height).toBeLessThan(256 * 256 * 7);
    const { left, top, ...kept } = plan.before!;
    expect([2 * left + kept.width, 2 * top + kept.height]).toEqual([width, height]);
  });
});

/** Of a reference that was computed once with Pillow 12: `resize(BILINEAR)`, `crop`; every 40th pixel from the 20th on. */
const references = [
  {
    crop: 256,
    width: 224,
    pixels:
      '4+TpaG9wcG5zgHd4u7OxOCkiLyQfOzIrCAcFS0E4Ix4b/Pz7Jh4cNSspAwMDGQ0GHxYSUD83EAwJW0pBBgQFY1FDindpiHt1IRkWS0E4Dw4MEAwLEgoIMCYd0srHp56ZfG1mqqGcnJOOpJuW',
  },
  {
    crop: 233,
    width: 224,
    pixels:
      '1c/NZ2hkjpeVSUtHaHl8PzYvMyolIxsTIhwYUEQ5b2VczcnGT0ZEIBkXAwMCMyolRTo0ek86GxUSRzw1FxUUXks+bFpMiH58KyMgKyIjEA8ODwoJFA4LbV5W5eDdzMG7gHFqm5KNoZiUjoWA',
  },
] as const;

describe('the picture that a model of torchvision sees', () => {
  it.each(references)('Resize($crop), CenterCrop(224)', async ({ crop, width, pixels: expected }) => {
    const input = anInputSpec({ width, height: 224, fit: 'cover', crop, kernel: 'linear' });
    const photo = await readFile(inRepository('apps/inference/public/examples/harold.jpg'));
    const { pixels } = await createImageDecoder(input, defaultImageLimits).decode(photo);
    const differences: number[] = [];
    const reference = Buffer.from(expected, 'base64');
    for (let y = 20, i = 0; y < 224; y += 40)
      for (let x = 20; x < width; x += 40)
        for (let c = 0; c < 3; c++, i++)
          differences.push(Math.abs(pixels[(y * width + x) * 3 + c]! - (reference[i] ?? NaN)));
    expect(differences).toHaveLength(reference.length);
    // A pixel to the side would be 5 levels off in the mean.
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(0.5);
    expect(Math.max(...differences)).toBeLessThanOrEqual(3);
  });

  it('cuts the middle of a picture that is far longer than wide, upright by its EXIF orientation', async () => {
    const middle = { create: { width: 4, height: 4, channels: 3, background: '#0000ff' } } as const;
    const long = await sharp({ create: { width: 4, height: 400, channels: 3, background: '#ff0000' } })
      .composite([{ input: await sharp(middle).png().toBuffer() }])
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const input = anInputSpec({ width: 8, height: 8, fit: 'cover', crop: 8, kernel: 'linear' });
    const { pixels, width, height } = await createImageDecoder(input, defaultImageLimits).decode(long);
    expect([width, height]).toEqual([400, 4]);
    const inside = (4 * 8 + 4) * 3;
    expect([...pixels.subarray(inside, inside + 3)]).toEqual([0, 0, 255]);
  });
});
