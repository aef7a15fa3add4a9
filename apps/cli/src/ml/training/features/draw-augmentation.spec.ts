import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { drawAugmentation } from './draw-augmentation.ts';

const params = { flip: 0.5, rotation: 15, color_jitter: 0.2, seed: 42 };
const digest = digestOfBytes(Buffer.from('a picture'));
const many = Array.from({ length: 2000 }, (_, n) => drawAugmentation(digestOfBytes(Buffer.from(String(n))), 1, params));

describe('drawing an augmentation', () => {
  it('is the same for the same picture, copy and seed, and another one otherwise', () => {
    const drawn = drawAugmentation(digest, 1, params);
    expect(drawAugmentation(digest, 1, params)).toEqual(drawn);
    expect(drawAugmentation(digest, 2, params)).not.toEqual(drawn);
    expect(drawAugmentation(digest, 1, { ...params, seed: 43 })).not.toEqual(drawn);
    expect(drawAugmentation(digestOfBytes(Buffer.from('another')), 1, params)).not.toEqual(drawn);
  });

  it('stays in its ranges and uses them', () => {
    for (const { rotation, brightness, contrast, saturation, order } of many) {
      expect(Math.abs(rotation)).toBeLessThanOrEqual(15);
      for (const factor of [brightness, contrast, saturation]) expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.2);
      expect([...order].sort()).toEqual(['brightness', 'contrast', 'saturation']);
    }
    expect(Math.max(...many.map(({ rotation }) => rotation))).toBeGreaterThan(14);
    expect(Math.min(...many.map(({ brightness }) => brightness))).toBeLessThan(0.82);
    expect(new Set(many.map(({ order }) => order.join())).size).toBe(6);
  });

  it('flips as often as it is told', () => {
    const share = many.filter(({ flip }) => flip).length / many.length;
    // Five standard deviations of a fair coin.
    expect(Math.abs(share - 0.5)).toBeLessThan(0.056);
    expect(drawAugmentation(digest, 1, { ...params, flip: 0 }).flip).toBe(false);
    expect(drawAugmentation(digest, 1, { ...params, flip: 1 }).flip).toBe(true);
  });

  it('changes nothing when every range is zero', () => {
    expect(drawAugmentation(digest, 1, { flip: 0, rotation: 0, color_jitter: 0, seed: 1 })).toMatchObject({
      flip: false,
      brightness: 1,
      contrast: 1,
      saturation: 1,
    });
  });
});
