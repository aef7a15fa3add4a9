import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Longest line that is read, bytes. A line of a thousand labels has 30 kB. */
const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 10;

/** A line of a file; undefined instead of its text where it is too long. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string | undefined;
}

/**
 * The lines of a file, gzip or not, as its first bytes say; empty ones are left out. Holds no more than one line and what the
 * stream gives at once.
 *
 * @throws errors of the stream, also of a file that ends within its gzip.
 */
export async function* linesOf(stream: Readable): AsyncGenerator<NumberedLine> {
  let rest: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  let number = 0;
  for await (const chunk of unzipped(stream)) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      number += 1;
      const line = Buffer.concat([rest, chunk.subarray(from, to)]);
      if (isTooLong || line.length > MAX_LINE_BYTES) yield { number, text: undefined };
      else if (line.length > 0) yield { number, text: line.toString() };
      [rest, isTooLong, from] = [Buffer.alloc(0), false, to + 1];
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > MAX_LINE_BYTES) [rest, isTooLong] = [Buffer.alloc(0), true];
  }
  if (isTooLong) yield { number: number + 1, text: undefined };
  else if (rest.length > 0) yield { number: number + 1, text: rest.toString() };
}

async function* unzipped(stream: Readable): AsyncGenerator<Buffer> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  const all = startingWith(first.value, chunks);
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* all;
    return;
  }
  const gunzip = createGunzip();
  // Who reads hears of errors by the end of the pipe; nobody waits for this one.
  pipeline(all, gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Buffer>;
}

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
