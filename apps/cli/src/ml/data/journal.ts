import { readFile } from 'node:fs/promises';
import { hasCode } from '@pawl/shared/errors/system-error';
import type { Disk } from './disk.ts';

/** Lines written at once: what a killed run has to do again. */
const LINES_A_WRITE = 32;

/**
 * What was found out about something, by a key that says everything it depends on, in a file of JSON lines. Lines are only
 * ever added, so a killed run leaves at most its last line broken, which is then found out again.
 */
export class Journal<Value> {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #values: Map<string, Value>;
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, disk: Disk, values: Map<string, Value>) {
    this.#path = path;
    this.#disk = disk;
    this.#values = values;
  }

  /** Opens or starts a journal; later lines of one key win, lines that cannot be read are skipped. */
  static async open<Value>(path: string, disk: Disk): Promise<Journal<Value>> {
    let text = '';
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    const values = new Map<string, Value>();
    for (const line of text.split('\n')) {
      try {
        const [key, value] = JSON.parse(line) as [string, Value];
        values.set(key, value);
      } catch {
        // The last line of a run that was killed.
      }
    }
    const journal = new Journal(path, disk, values);
    // A new line must not continue a broken one.
    if (text !== '' && !text.endsWith('\n')) journal.#waiting.push('\n');
    return journal;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Remembers, and writes now and then. @throws what {@link Disk.append} throws. */
  async add(key: string, value: Value): Promise<void> {
    this.#values.set(key, value);
    this.#waiting.push(`${JSON.stringify([key, value])}\n`);
    if (this.#waiting.length >= LINES_A_WRITE) await this.flush();
  }

  /** Writes what waits. @throws what {@link Disk.append} throws. */
  async flush(): Promise<void> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    // One write after the other: lines must not mix.
    if (text !== '')
      this.#writing = this.#writing.catch(() => undefined).then(() => this.#disk.append(this.#path, text));
    await this.#writing;
  }

  /** Leaves only these keys, in this order, in the file. @throws what {@link Disk.write} throws. */
  async compact(keys: readonly string[]): Promise<void> {
    this.#waiting = [];
    await this.#writing.catch(() => undefined);
    const kept = [...new Set(keys)].filter((key) => this.#values.has(key));
    await this.#disk.write(this.#path, kept.map((key) => `${JSON.stringify([key, this.#values.get(key)])}\n`).join(''));
  }
}
