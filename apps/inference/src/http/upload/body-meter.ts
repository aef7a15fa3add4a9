import { PawlError } from '@pawl/shared/errors/pawl-error';

/** Chunks that any body may have, however small they are. */
const FREE_CHUNKS = 10_000;
/** Bytes that a further chunk must carry, on average: a tenth of the smallest packet of the Internet. */
const MIN_CHUNK_BYTES = 128;

/**
 * Counts a body while it arrives, also one whose length nobody announced. Each chunk costs some microseconds of the main
 * thread, whatever is in it: a body of a million chunks of one byte would take seconds of everybody's time.
 */
export class BodyMeter {
  readonly #maxBytes: number;
  readonly #tooLarge: () => PawlError;
  #bytes = 0;
  #chunks = 0;

  /**
   * @param maxBytes most bytes of the body.
   * @param tooLarge the error of a larger one.
   */
  constructor(maxBytes: number, tooLarge: () => PawlError) {
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts the next chunk. @throws PawlError: the one given for too many bytes, UPLOAD_FRAGMENTED for too many chunks. */
  take(bytes: number): void {
    this.#bytes += bytes;
    this.#chunks += 1;
    if (this.#bytes > this.#maxBytes) throw this.#tooLarge();
    if (this.#chunks > FREE_CHUNKS + this.#bytes / MIN_CHUNK_BYTES)
      throw new PawlError('UPLOAD_FRAGMENTED', {
        message: `The body came in ${this.#chunks} chunks of ${(this.#bytes / this.#chunks).toFixed(1)} bytes on average; after ${FREE_CHUNKS} chunks at least ${MIN_CHUNK_BYTES} are expected.`,
      });
  }
}
