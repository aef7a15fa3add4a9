/** A chunk of at least this many bytes is kept as it came: what it costs beside its content is small. */
const KEPT_BYTES = 8 * 1024;
/** The first block that small chunks are copied to, bytes; each full block is followed by one of twice the size. */
const FIRST_BLOCK_BYTES = 4 * 1024;
/** Memory of the objects around a piece (Buffer, ArrayBuffer, its backing store), bytes: about 420 were measured. */
const OBJECT_BYTES = 512;

/** Who is told about pieces. */
export interface CoalescerPorts {
  /**
   * Called before memory is taken.
   * @param bytes what it costs: all of what the piece keeps alive, and the objects around it.
   * @throws what is to end the upload.
   */
  readonly reserve: (bytes: number) => void;
  /** Takes a piece, in order. @param cost what was reserved for it, bytes. */
  readonly emit: (piece: Uint8Array, cost: number) => void;
  /** Largest block, bytes. */
  readonly maxBlockBytes: number;
}

/**
 * Makes pieces of a sensible size of chunks of any size. Each chunk of a body is an object of some hundred bytes, and
 * may be a view of a larger buffer that it keeps alive, so chunks of one byte would cost a hundred times what they carry:
 * small ones are copied together into blocks that grow. Large ones pass without a copy.
 */
export class Coalescer {
  readonly #ports: CoalescerPorts;
  #blockBytes: number;
  #block: Buffer | undefined;
  #used = 0;

  constructor(ports: CoalescerPorts) {
    this.#ports = ports;
    this.#blockBytes = Math.min(FIRST_BLOCK_BYTES, ports.maxBlockBytes);
  }

  /** Takes the next chunk. @throws what `reserve` throws. */
  push(chunk: Uint8Array): void {
    const kept = chunk.buffer.byteLength;
    if (chunk.byteLength >= KEPT_BYTES && chunk.byteLength * 2 >= kept) {
      this.flush();
      this.#ports.reserve(kept + OBJECT_BYTES);
      this.#ports.emit(chunk, kept + OBJECT_BYTES);
      return;
    }
    for (let at = 0; at < chunk.byteLength;) {
      const block = (this.#block ??= this.#newBlock());
      const part = chunk.subarray(at, at + block.byteLength - this.#used);
      block.set(part, this.#used);
      at += part.byteLength;
      this.#used += part.byteLength;
      if (this.#used < block.byteLength) continue;
      this.flush();
      this.#blockBytes = Math.min(this.#blockBytes * 2, this.#ports.maxBlockBytes);
    }
  }

  /** Hands over what is in the last block. */
  flush(): void {
    const block = this.#block;
    if (block === undefined) return;
    const piece = block.subarray(0, this.#used);
    this.#block = undefined;
    this.#used = 0;
    this.#ports.emit(piece, block.byteLength + OBJECT_BYTES);
  }

  #newBlock(): Buffer {
    this.#ports.reserve(this.#blockBytes + OBJECT_BYTES);
    // Not from Node's pool, which other buffers share and keep alive.
    return Buffer.allocUnsafeSlow(this.#blockBytes);
  }
}
