/** What is measured of a decoded picture. Names are keys of `reference.json` and of metrics: added, never renamed. */
export const imageStatistics = ['brightness', 'contrast', 'saturation', 'sharpness'] as const;
export type ImageStatistic = (typeof imageStatistics)[number];

const CHANNELS = 3;
/** Luma by ITU-R BT.601 in thousandths: whole numbers are faster. */
const [RED, GREEN, BLUE] = [299, 587, 114];
const UNIT = RED + GREEN + BLUE;
/** One row in so many is looked at: shares of a whole picture need no more, and serving pays for it with every picture. */
const ROW_STEP = 8;

/**
 * Statistics of a picture in the size of the model's input, of every eighth row.
 *
 * - `brightness`: mean luma (ITU-R BT.601), 0..255
 * - `contrast`: standard deviation of luma, 0..127.5
 * - `saturation`: mean difference of the largest and the smallest channel, 0..255
 * - `sharpness`: mean difference of luma between a pixel and its neighbours to the right and below, 0..255
 *
 * @param pixels RGB, 8 bits, row by row. @param width pixels in a row.
 */
export function measureImage(pixels: Uint8Array, width: number): Readonly<Record<ImageStatistic, number>> {
  const stride = width * CHANNELS;
  let [count, sum, squares, spread, steps, edges] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row + stride <= pixels.length; row += ROW_STEP * stride) {
    const end = row + stride;
    const hasBelow = end + stride <= pixels.length;
    let left = -1;
    for (let at = row; at < end; at += CHANNELS) {
      const r = pixels[at] ?? 0;
      const g = pixels[at + 1] ?? 0;
      const b = pixels[at + 2] ?? 0;
      const luma = RED * r + GREEN * g + BLUE * b;
      sum += luma;
      squares += luma * luma;
      const high = r > g ? (r > b ? r : b) : g > b ? g : b;
      const low = r < g ? (r < b ? r : b) : g < b ? g : b;
      spread += high - low;
      if (left >= 0) {
        steps += luma > left ? luma - left : left - luma;
        edges += 1;
      }
      left = luma;
      if (hasBelow) {
        const below = at + stride;
        const lower = RED * (pixels[below] ?? 0) + GREEN * (pixels[below + 1] ?? 0) + BLUE * (pixels[below + 2] ?? 0);
        steps += luma > lower ? luma - lower : lower - luma;
        edges += 1;
      }
      count += 1;
    }
  }
  const pixelsSeen = Math.max(1, count);
  const brightness = sum / pixelsSeen / UNIT;
  return {
    brightness,
    // Rounding can leave a hair below zero for a picture of one colour.
    contrast: Math.sqrt(Math.max(0, squares / pixelsSeen / UNIT ** 2 - brightness * brightness)),
    saturation: spread / pixelsSeen,
    sharpness: steps / Math.max(1, edges) / UNIT,
  };
}
