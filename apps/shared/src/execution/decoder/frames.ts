/** Bytes of a frame's length. */
const LENGTH_BYTES = 4;

/** The start of a frame: the length of what follows, unsigned, 32 bits, big-endian. */
export function frameHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(LENGTH_BYTES);
  header.writeUInt32BE(length);
  return header;
}

/**
 * Puts frames together that arrive in any pieces: each is its length ({@link frameHeader}) and as many bytes. A frame is
 * given alone in its own buffer.
 */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #header = Buffer.alloc(LENGTH_BYTES);
  #headerFilled = 0;
  #frame: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param maxBytes longest frame: what claims to be longer comes from a broken sender. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next piece; calls `onFrame` for every frame that it completes.
   * @throws RangeError when a frame is longer than allowed; nothing more can be read then.
   */
  push(piece: Uint8Array, onFrame: (frame: Uint8Array<ArrayBuffer>) => void): void {
    for (let at = 0; at < piece.length;) {
      if (this.#frame === undefined) {
        const part = piece.subarray(at, at + LENGTH_BYTES - this.#headerFilled);
        this.#header.set(part, this.#headerFilled);
        this.#headerFilled += part.length;
        at += part.length;
        if (this.#headerFilled < LENGTH_BYTES) return;
        const length = this.#header.readUInt32BE();
        if (length > this.#maxBytes)
          throw new RangeError(`a frame of ${length} bytes; at most ${this.#maxBytes} are allowed`);
        // Given on when every byte of it is written.
        this.#frame = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
        this.#filled = 0;
      } else {
        const part = piece.subarray(at, at + this.#frame.length - this.#filled);
        this.#frame.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
      }
      if (this.#filled < this.#frame.length) continue;
      const frame = this.#frame;
      this.#frame = undefined;
      this.#headerFilled = 0;
      onFrame(frame);
    }
  }
}
