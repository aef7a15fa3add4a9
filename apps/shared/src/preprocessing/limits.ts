/** What one image may cost before it is refused. */
export interface ImageLimits {
  /** Largest file, bytes. */
  readonly maxBytes: number;
  /** Largest picture, width times height of one frame as its header says, before any pixel is decoded. */
  readonly maxPixels: number;
  /** Longest time from the call to the answer, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * 10 MiB rather than 10 million bytes, so that a file which any system shows as 10 MB passes in either reading of the
 * unit. 40 megapixels is above all cameras but those that fuse shots. Memory while one such picture is decoded,
 * measured: JPEG, WebP and PNG 6 to 40 MB, since they are read row by row; progressive JPEG 120, interlaced PNG 140 (of
 * 16 bits 340), GIF 200 and AVIF 730 MB, since they are decoded whole.
 */
export const defaultImageLimits: ImageLimits = {
  maxBytes: 10 * 1024 * 1024,
  maxPixels: 40_000_000,
  timeoutMs: 5_000,
};
