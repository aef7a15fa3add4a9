import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { writeError } from '../../../errors/write-error.ts';

/*
 * A cache is a folder; in it one folder for everything that rows must have in common to be comparable (backbone, input,
 * augmentation), and in that one segment a run: records of one size, only ever appended to by the run that made it. A record
 * is
 *
 *   digest of the picture, 32 bytes | variant, uint32 | values, width * float32 | CRC-32 of all before, uint32
 *
 * little-endian. A run that is killed leaves at most one broken record at the end of its segment, which its CRC tells; two
 * runs at once write different segments.
 */

/** Raise it when the same key comes to mean other values. */
const FORMAT = 2;
const DIGEST_BYTES = 32;
const HEAD_BYTES = DIGEST_BYTES + 4;
const CRC_BYTES = 4;
/** Records read or written at once. */
const RECORDS_AT_ONCE = 256;
/** Everything in a cache, bytes; what was not used for longest goes first. */
const DEFAULT_LIMIT = 4_000_000_000;

/** What rows have in common. */
export type CacheKey = Readonly<Record<string, unknown>>;

/** A row found in the cache; `values` is only valid until the next one. */
export type OnRow = (digest: string, variant: number, values: Float32Array) => void;

/** Rows of features of one kind, on disk. */
export class FeatureCache {
  readonly #folder: string;
  readonly #width: number;
  readonly #segment: string;
  #file: FileHandle | undefined;
  #pending: Uint8Array[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, width: number, segment: string) {
    this.#folder = folder;
    this.#width = width;
    this.#segment = segment;
  }

  /**
   * Opens the part of a cache that a key names; makes what is missing.
   *
   * @param root absolute path of the whole cache.
   * @param width values a row.
   * @param segment name of this run's file; random unless a test says otherwise.
   * @throws CliError FILE_WRITE_FAILED, DISK_FULL.
   */
  static async open(
    root: string,
    key: CacheKey,
    width: number,
    segment = `${randomBytes(8).toString('hex')}.rows`,
  ): Promise<FeatureCache> {
    const text = canonicalJson({ format: FORMAT, width, ...key });
    const folder = join(root, digestOfBytes(Buffer.from(text)).slice('sha256:'.length, 'sha256:'.length + 32));
    try {
      await mkdir(folder, { recursive: true });
      const now = new Date();
      // When it was last used, for boundCache.
      await utimes(folder, now, now);
    } catch (cause) {
      throw cacheError(root, cause);
    }
    return new FeatureCache(folder, width, segment);
  }

  /** Gives every intact row to `onRow`, in no order; a row may come more than once. Returns how many records were broken. */
  async readAll(onRow: OnRow, signal?: AbortSignal): Promise<number> {
    const size = this.#recordBytes;
    const buffer = Buffer.alloc(size * RECORDS_AT_ONCE);
    const values = new Float32Array(this.#width);
    let broken = 0;
    for (const name of (await readdir(this.#folder)).filter((file) => file.endsWith('.rows')).sort()) {
      await using file = await open(join(this.#folder, name), 'r');
      for (let position = 0; ;) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) break;
        if (bytesRead < size) {
          broken += 1;
          break;
        }
        const whole = bytesRead - (bytesRead % size);
        for (let start = 0; start < whole; start += size) {
          const record = buffer.subarray(start, start + size);
          if (crc32(record.subarray(0, size - CRC_BYTES)) !== record.readUInt32LE(size - CRC_BYTES)) {
            broken += 1;
            continue;
          }
          for (let i = 0; i < this.#width; i++) values[i] = record.readFloatLE(HEAD_BYTES + i * 4);
          onRow(`sha256:${record.toString('hex', 0, DIGEST_BYTES)}`, record.readUInt32LE(DIGEST_BYTES), values);
        }
        position += whole;
      }
    }
    return broken;
  }

  /**
   * Keeps a row. It is on disk after the next {@link flush}, or soon.
   * @throws CliError DISK_FULL, FILE_WRITE_FAILED, perhaps of an earlier row.
   */
  async append(digest: string, variant: number, values: Float32Array): Promise<void> {
    const record = Buffer.alloc(this.#recordBytes);
    record.write(digest.slice('sha256:'.length), 0, 'hex');
    record.writeUInt32LE(variant, DIGEST_BYTES);
    values.forEach((value, i) => {
      record.writeFloatLE(value, HEAD_BYTES + i * 4);
    });
    const end = this.#recordBytes - CRC_BYTES;
    record.writeUInt32LE(crc32(record.subarray(0, end)), end);
    this.#pending.push(record);
    if (this.#pending.length >= RECORDS_AT_ONCE) await this.flush();
  }

  /** Writes what was appended. @throws as {@link append}. */
  async flush(): Promise<void> {
    const records = this.#pending.splice(0);
    if (records.length > 0) this.#writing = this.#writing.then(() => this.#write(Buffer.concat(records)));
    await this.#writing;
  }

  /** Writes what is left and closes the segment. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file?.close();
      this.#file = undefined;
    }
  }

  get #recordBytes(): number {
    return HEAD_BYTES + this.#width * 4 + CRC_BYTES;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      this.#file ??= await open(join(this.#folder, this.#segment), 'a');
      await this.#file.appendFile(bytes);
    } catch (cause) {
      throw cacheError(this.#folder, cause);
    }
  }
}

/** Deletes the parts of a cache that were not used for longest, until it holds at most `limit` bytes. */
export async function boundCache(root: string, limit = DEFAULT_LIMIT): Promise<void> {
  const parts: { readonly path: string; readonly bytes: number; readonly usedAt: number }[] = [];
  for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const path = join(root, entry.name);
    let bytes = 0;
    for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;
    parts.push({ path, bytes, usedAt: (await stat(path)).mtimeMs });
  }
  let total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of parts.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= limit) return;
    await rm(path, { recursive: true, force: true });
    total -= bytes;
  }
}

/** What is said when the cache cannot be written. */
function cacheError(path: string, cause: unknown): unknown {
  return writeError(`The feature cache ${path}`, cause, {
    elsewhere: 'give another folder with --cache',
    resumes: true,
  });
}
