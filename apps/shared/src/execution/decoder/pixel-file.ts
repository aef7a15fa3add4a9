import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';

/** Memory that looks like a folder (tmpfs), in containers too. */
const SHARED_MEMORY = '/dev/shm';

/**
 * Memory that a decoder process and its owner share, for pixels: a file without a name in a file system that is memory.
 * Through a pipe they would arrive in pieces, each of which wakes both sides, and be copied twice more.
 */
export class PixelFile {
  readonly fd: number;
  readonly #bytes: number;

  private constructor(fd: number, bytes: number) {
    this.fd = fd;
    this.#bytes = bytes;
  }

  /**
   * Makes one with room for a number of bytes.
   * @param folder where, for tests.
   * @returns undefined where the system has no such folder, or no room in it.
   */
  static create(bytes: number, folder = SHARED_MEMORY): PixelFile | undefined {
    const path = `${folder}/pawl-${randomUUID()}`;
    let fd: number | undefined;
    try {
      fd = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      // Takes the memory now: a file system that is full later has what is written again.
      if (writeSync(fd, new Uint8Array(bytes), 0, bytes, 0) === bytes) return new PixelFile(fd, bytes);
    } catch {
      // Not on Linux, or a sandbox has none: a pipe does as well.
    }
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }

  /** What the other side has written, in an own buffer. @throws RangeError when it cannot be as much as it says. */
  read(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes > this.#bytes) throw new RangeError(`${bytes} bytes of pixels; at most ${this.#bytes} are allowed`);
    // Every byte is overwritten below.
    const pixels = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
    const got = readSync(this.fd, pixels, 0, bytes, 0);
    if (got !== bytes) throw new RangeError(`${bytes} bytes of pixels were announced, and ${got} written`);
    return pixels;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Writes pixels for the owner of a {@link PixelFile}; false when they do not fit: they take the pipe then. */
export function writePixels(fd: number, pixels: Uint8Array): boolean {
  try {
    return writeSync(fd, pixels, 0, pixels.length, 0) === pixels.length;
  } catch {
    return false;
  }
}
