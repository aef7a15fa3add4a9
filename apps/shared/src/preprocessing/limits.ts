/** What one image may cost before it is refused. */
export interface ImageLimits {
  /** Largest file, bytes. */
  readonly maxBytes: number;
  /** Largest picture, width times height of one frame as its header says, before any pixel is decoded. */
  readonly maxPixels: number;
  /** Most memory that decoding may take by the estimate of decode-cost.ts, bytes. */
  readonly maxDecodeBytes: number;
  /** Most CPU time that decoding may take on a slow core by the estimate of decode-cost.ts, milliseconds. */
  readonly maxDecodeMs: number;
  /** Longest time from the call to the answer, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * 10 MiB rather than 10 million bytes, so that a file which any system shows as 10 MB passes in either reading of the
 * unit. 50 megapixels is what phones and cameras make without fusing shots. The memory is for programs that decode one
 * picture at a time on a person's machine; the service derives its own from its container (execution/memory-plan.ts).
 * The time is four times what the timeout allows, since the estimate is of a core that is four times as slow.
 */
export const defaultImageLimits: ImageLimits = {
  maxBytes: 10 * 1024 * 1024,
  maxPixels: 50_000_000,
  maxDecodeBytes: 2_000_000_000,
  maxDecodeMs: 20_000,
  timeoutMs: 5_000,
};
