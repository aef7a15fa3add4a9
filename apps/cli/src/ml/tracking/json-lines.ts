import { open } from 'node:fs/promises';

/** What a file of JSON lines holds. */
export interface Lines<Value> {
  readonly values: readonly Value[];
  /** Lines that cannot be read: a write that a crash or a full disk cut off, or something that is not ours. */
  readonly damaged: number;
}

/**
 * Appends a value as one line, with one write: the lines of two processes do not mix, and a reader sees the whole line
 * or, for a moment, a part of it that it cannot read. Where the last line was cut off, the value gets a line of its own.
 *
 * @param path absolute; its folder exists.
 * @throws system errors.
 */
export async function appendLine(path: string, value: object): Promise<void> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    const isCutOff = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer.toString() !== '\n';
    await file.appendFile(`${isCutOff ? '\n' : ''}${JSON.stringify(value)}\n`);
  } finally {
    await file.close();
  }
}

/**
 * Pure: the values of a file of JSON lines, in order. An object that was cut off is no JSON, so that a line either counts
 * whole or not at all, and the values before it keep their places.
 *
 * @param read a value; undefined for one that it does not know.
 */
export function parseLines<Value>(text: string, read: (json: unknown) => Value | undefined): Lines<Value> {
  const values: Value[] = [];
  let damaged = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const value = read(jsonOf(line));
    if (value === undefined) damaged += 1;
    else values.push(value);
  }
  return { values, damaged };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
