/** What is measured of a decoded picture. Names are keys of `reference.json` and of metrics: added, never renamed. */
export const imageStatistics = ['brightness', 'contrast', 'saturation'] as const;
export type ImageStatistic = (typeof imageStatistics)[number];

const CHANNELS = 3;

/**
 * Statistics of a picture in the size of the model's input.
 *
 * - `brightness`: mean luma (ITU-R BT.601), 0..255
 * - `contrast`: standard deviation of luma, 0..127.5
 * - `saturation`: mean difference of the largest and the smallest channel, 0..255
 *
 * @param pixels RGB, 8 bits, row by row.
 */
export function measureImage(pixels: Uint8Array): Readonly<Record<ImageStatistic, number>> {
  let sum = 0;
  let squares = 0;
  let spread = 0;
  for (let at = 0; at < pixels.length; at += CHANNELS) {
    const r = pixels[at] ?? 0;
    const g = pixels[at + 1] ?? 0;
    const b = pixels[at + 2] ?? 0;
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    sum += luma;
    squares += luma * luma;
    spread += Math.max(r, g, b) - Math.min(r, g, b);
  }
  const count = Math.max(1, pixels.length / CHANNELS);
  const brightness = sum / count;
  return {
    brightness,
    // Rounding can leave a hair below zero for a picture of one colour.
    contrast: Math.sqrt(Math.max(0, squares / count - brightness * brightness)),
    saturation: spread / count,
  };
}
