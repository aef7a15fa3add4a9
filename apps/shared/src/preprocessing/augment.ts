/** The colour changes of a jitter. */
export const colorChanges = ['brightness', 'contrast', 'saturation'] as const;
type ColorChange = (typeof colorChanges)[number];

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
/** Shares of R, G and B in grey, ten-thousandths, as torchvision has them (ITU-R 601-2). */
const GREY_R = 2989;
const GREY_G = 5870;
const GREY_B = 1140;

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
  const { flip, rotation } = augmentation;
  const image =
    rotation !== 0
      ? rotate(pixels, width, height, rotation, flip)
      : flip
        ? flipHorizontally(pixels, width)
        : new Uint8Array(pixels);
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

/**
 * Turned about the centre by degrees, counter-clockwise, bilinear, in a copy of the same size; black outside.
 *
 * @param flip left and right are swapped before, on the way: a pass less over the picture.
 */
export function rotate(
  pixels: Uint8Array,
  width: number,
  height: number,
  degrees: number,
  flip = false,
): Uint8Array<ArrayBuffer> {
  const rotated = new Uint8Array(pixels.length);
  // Assigning to a clamped array rounds to the nearest, ties to even, as torch.round does.
  const out = new Uint8ClampedArray(rotated.buffer);
  const radians = (degrees * Math.PI) / 180;
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  const row = width * CHANNELS;
  for (let y = 0, to = 0; y < height; y++) {
    const dy = y + 0.5 - height / 2;
    // Where the first pixel of the row comes from; pixel centres lie at halves.
    const startX = width / 2 - 0.5 - dy * sin + (0.5 - width / 2) * cos;
    const startY = height / 2 - 0.5 + dy * cos + (0.5 - width / 2) * sin;
    for (let x = 0; x < width; x++, to += CHANNELS) {
      const sx = startX + x * cos;
      const sy = startY + x * sin;
      if (sx < -1 || sy < -1 || sx >= width || sy >= height) continue;
      // Rounds down, without the call of Math.floor: both are -1 or more.
      const left = ((sx + 1) | 0) - 1;
      const top = ((sy + 1) | 0) - 1;
      const fx = sx - left;
      const fy = sy - top;
      // Weights of the four pixels around; those outside are black, and are read from any place inside.
      const inLeft = left >= 0 ? 1 - fx : 0;
      const inRight = left + 1 < width ? fx : 0;
      const inTop = top >= 0 ? 1 - fy : 0;
      const inBottom = top + 1 < height ? fy : 0;
      const upper = (top >= 0 ? top : 0) * row;
      const lower = (top + 1 < height ? top + 1 : top) * row;
      const one = left >= 0 ? left : 0;
      const next = left + 1 < width ? left + 1 : left;
      const first = (flip ? width - 1 - one : one) * CHANNELS;
      const second = (flip ? width - 1 - next : next) * CHANNELS;
      const a = upper + first;
      const b = upper + second;
      const c = lower + first;
      const d = lower + second;
      const wa = inLeft * inTop;
      const wb = inRight * inTop;
      const wc = inLeft * inBottom;
      const wd = inRight * inBottom;
      // Once a channel, written out: half of the time of a loop.
      out[to] = (pixels[a] ?? 0) * wa + (pixels[b] ?? 0) * wb + (pixels[c] ?? 0) * wc + (pixels[d] ?? 0) * wd;
      out[to + 1] =
        (pixels[a + 1] ?? 0) * wa + (pixels[b + 1] ?? 0) * wb + (pixels[c + 1] ?? 0) * wc + (pixels[d + 1] ?? 0) * wd;
      out[to + 2] =
        (pixels[a + 2] ?? 0) * wa + (pixels[b + 2] ?? 0) * wb + (pixels[c + 2] ?? 0) * wc + (pixels[d + 2] ?? 0) * wd;
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
      image[at] = bounded(factor * (image[at] ?? 0) + rest);
      image[at + 1] = bounded(factor * (image[at + 1] ?? 0) + rest);
      image[at + 2] = bounded(factor * (image[at + 2] ?? 0) + rest);
    }
  },
};

/** Luma of the pixel whose red lies at an index, cut to a whole value. */
const greyAt = (image: Uint8Array, at: number): number =>
  ((GREY_R * (image[at] ?? 0) + GREY_G * (image[at + 1] ?? 0) + GREY_B * (image[at + 2] ?? 0)) / 10_000) | 0;

/** `factor` of every value and `1 - factor` of another one. */
function blendWith(image: Uint8Array, factor: number, other: number): void {
  if (factor === 1) return;
  const table = Uint8Array.from({ length: 256 }, (_, value) => bounded(factor * value + (1 - factor) * other));
  for (let at = 0; at < image.length; at++) image[at] = table[image[at] ?? 0] ?? 0;
}

const bounded = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);
