/** The colour changes of a jitter. */
export const colorChanges = ['brightness', 'contrast', 'saturation'] as const;
export type ColorChange = (typeof colorChanges)[number];

/** One way to alter a picture; drawn elsewhere, so that altering is a pure function. */
export interface Augmentation {
  /** Left and right swapped. */
  readonly flip: boolean;
  /** Degrees, counter-clockwise as looked at; what comes in from outside is black. */
  readonly rotation: number;
  /** Factors, 0 or more; 1 changes nothing. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Colour changes in the order in which they are made. */
  readonly order: readonly ColorChange[];
}

const CHANNELS = 3;
/** Shares of R, G and B in grey, as torchvision has them (ITU-R 601-2). */
const GREY = [0.2989, 0.587, 0.114] as const;

/**
 * An altered copy of a picture: flip, then rotation, then colours, by the definitions of torchvision's
 * `RandomHorizontalFlip`, `RandomRotation(interpolation=BILINEAR)` and `ColorJitter` for uint8 tensors (v0.20,
 * torchvision/transforms/_functional_tensor.py): rotation rounds to the nearest value, colours are cut to whole ones.
 *
 * @param pixels RGB, 8 bits, row by row, `height * width * 3` bytes; left as they are.
 */
export function augment(
  pixels: Uint8Array,
  width: number,
  height: number,
  augmentation: Augmentation,
): Uint8Array<ArrayBuffer> {
  const flipped = augmentation.flip ? flipHorizontally(pixels, width) : new Uint8Array(pixels);
  const image = augmentation.rotation === 0 ? flipped : rotate(flipped, width, height, augmentation.rotation);
  for (const change of augmentation.order) changes[change](image, augmentation[change]);
  return image;
}

/** Left and right swapped, in a copy. */
export function flipHorizontally(pixels: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const flipped = new Uint8Array(pixels.length);
  const row = width * CHANNELS;
  for (let start = 0; start < pixels.length; start += row)
    for (let from = start, to = start + row - CHANNELS; from < start + row; from += CHANNELS, to -= CHANNELS) {
      flipped[to] = pixels[from] ?? 0;
      flipped[to + 1] = pixels[from + 1] ?? 0;
      flipped[to + 2] = pixels[from + 2] ?? 0;
    }
  return flipped;
}

/** Turned about the centre by degrees, counter-clockwise, bilinear, in a copy of the same size; black outside. */
export function rotate(pixels: Uint8Array, width: number, height: number, degrees: number): Uint8Array<ArrayBuffer> {
  const rotated = new Uint8Array(pixels.length);
  // Assigning to a clamped array rounds to the nearest, ties to even, as torch.round does.
  const out = new Uint8ClampedArray(rotated.buffer);
  const radians = (degrees * Math.PI) / 180;
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  const row = width * CHANNELS;
  const at = (x: number, y: number, channel: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (pixels[y * row + x * CHANNELS + channel] ?? 0);
  for (let y = 0, to = 0; y < height; y++) {
    const dy = y + 0.5 - height / 2;
    for (let x = 0; x < width; x++, to += CHANNELS) {
      const dx = x + 0.5 - width / 2;
      // Where this pixel comes from; pixel centres lie at halves.
      const sx = dx * cos - dy * sin + width / 2 - 0.5;
      const sy = dx * sin + dy * cos + height / 2 - 0.5;
      const left = Math.floor(sx);
      const top = Math.floor(sy);
      if (left < -1 || top < -1 || left >= width || top >= height) continue;
      const fx = sx - left;
      const fy = sy - top;
      const inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
      const from = top * row + left * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel++) {
        const upper = from + channel;
        const lower = upper + row;
        const a = inside ? (pixels[upper] ?? 0) : at(left, top, channel);
        const b = inside ? (pixels[upper + CHANNELS] ?? 0) : at(left + 1, top, channel);
        const c = inside ? (pixels[lower] ?? 0) : at(left, top + 1, channel);
        const d = inside ? (pixels[lower + CHANNELS] ?? 0) : at(left + 1, top + 1, channel);
        const above = a + (b - a) * fx;
        const below = c + (d - c) * fx;
        out[to + channel] = above + (below - above) * fy;
      }
    }
  }
  return rotated;
}

/** Each in place. */
const changes: Readonly<Record<ColorChange, (image: Uint8Array, factor: number) => void>> = {
  brightness(image, factor) {
    blendWith(image, factor, 0);
  },
  contrast(image, factor) {
    if (factor === 1) return;
    let sum = 0;
    for (let at = 0; at < image.length; at += CHANNELS) sum += greyAt(image, at);
    blendWith(image, factor, sum / (image.length / CHANNELS));
  },
  saturation(image, factor) {
    if (factor === 1) return;
    for (let at = 0; at < image.length; at += CHANNELS) {
      const rest = (1 - factor) * greyAt(image, at);
      for (let channel = at; channel < at + CHANNELS; channel++)
        image[channel] = bounded(factor * (image[channel] ?? 0) + rest);
    }
  },
};

/** Luma of the pixel whose red lies at an index, cut to a whole value. */
const greyAt = (image: Uint8Array, at: number): number =>
  Math.floor(GREY[0] * (image[at] ?? 0) + GREY[1] * (image[at + 1] ?? 0) + GREY[2] * (image[at + 2] ?? 0));

/** `factor` of every value and `1 - factor` of another one. */
function blendWith(image: Uint8Array, factor: number, other: number): void {
  if (factor === 1) return;
  const table = Uint8Array.from({ length: 256 }, (_, value) => bounded(factor * value + (1 - factor) * other));
  for (let at = 0; at < image.length; at++) image[at] = table[image[at] ?? 0] ?? 0;
}

const bounded = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);
