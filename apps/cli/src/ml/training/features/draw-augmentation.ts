import { createHash } from 'node:crypto';
import { type Augmentation, colorChanges } from '@pawl/shared/preprocessing/augment';
import type { AugmentationParams } from '../../params/params.ts';
import { createRandom } from '@pawl/shared/statistics/random';

/** What the draw depends on beside the picture and the number of the copy. */
export type AugmentationDraw = Omit<AugmentationParams, 'variants'> & { readonly seed: number };

/**
 * How copy `variant` (from 1) of a picture is altered: the same for the same picture, number and seed, on every machine and
 * in every order.
 *
 * @param digest of the picture, `sha256:<hex>`.
 */
export function drawAugmentation(digest: string, variant: number, draw: AugmentationDraw): Augmentation {
  const hash = createHash('sha256').update(`${digest} ${variant} ${draw.seed}`).digest();
  const random = createRandom(hash.readInt32LE(0));
  const within = (range: number) => (random.next() * 2 - 1) * range;
  const factor = () => 1 + within(draw.color_jitter);
  return {
    flip: random.next() < draw.flip,
    rotation: within(draw.rotation),
    brightness: factor(),
    contrast: factor(),
    saturation: factor(),
    order: [...random.permutation(colorChanges.length)].flatMap((index) => colorChanges[index] ?? []),
  };
}
