import type { InputSpec } from '../bundle/manifest.ts';

/** A rectangle of a picture, pixels. */
interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How a picture is resized before its centre is cut out. */
export interface CropPlan {
  /** What is kept of the original, where the rest would only be resized to be thrown away; undefined: all. */
  readonly before: Region | undefined;
  /** Size after resizing, pixels; the aspect is kept. */
  readonly width: number;
  readonly height: number;
  /** What is kept of the resized picture: the input's width and height. */
  readonly after: Region;
}

/** Aspect beyond which only the middle of the original is resized: 256 x 2,000,000 pixels are nobody's photograph. */
const WIDEST = 4;

/**
 * Pure: resizes the shorter side to `crop` and cuts the centre, as torchvision's `Resize(crop)` and `CenterCrop` do
 * (v0.20, torchvision/transforms/functional.py): the longer side is rounded down, the corner of the cut to the nearest
 * pixel, halves to the even one.
 *
 * @param crop pixels of the shorter side after resizing, at least `width` and `height` of the input.
 * @param picture the original as it is looked at, pixels, each at least 1.
 */
export function planCrop(
  { width, height }: Pick<InputSpec, 'width' | 'height'>,
  crop: number,
  picture: { readonly width: number; readonly height: number },
): CropPlan {
  const before = middleOf(picture);
  const kept = before ?? picture;
  const shorter = Math.min(kept.width, kept.height);
  const scaled = (side: number) => Math.trunc((crop * side) / shorter);
  const resized = { width: scaled(kept.width), height: scaled(kept.height) };
  const after = {
    left: toNearestEven((resized.width - width) / 2),
    top: toNearestEven((resized.height - height) / 2),
    width,
    height,
  };
  return { before, ...resized, after };
}

/** The centre of a very long picture, with as many pixels left out on either side; undefined where it is not long. */
function middleOf({ width, height }: { readonly width: number; readonly height: number }): Region | undefined {
  const longest = Math.min(width, height) * WIDEST;
  const cut = (side: number) => Math.max(0, Math.floor((side - longest) / 2));
  const [left, top] = [cut(width), cut(height)];
  return left === 0 && top === 0 ? undefined : { left, top, width: width - 2 * left, height: height - 2 * top };
}

/** Python's `round` for halves and wholes. */
function toNearestEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
