import type { Outcome } from './answer-row.ts';
import type { RecordFormat } from './record-format.ts';

const LINE_FEED = 0x0a;

/** What of a file of an earlier run is of use. */
export interface KeptRows {
  /** Records of the first files, whole ones. */
  readonly rows: number;
  /** Bytes of the header and of those records. */
  readonly bytes: number;
  readonly outcomes: readonly Outcome[];
}

/**
 * Reads the records of an earlier run up to the first one that is not whole, or not of the file whose turn it is: a run that
 * was cut off may have written half of one, and the pictures may be others by now.
 *
 * @param chunks of the file, from its start. Memory is bounded by the longest record and by the outcomes.
 * @param files names by the order of the input.
 */
export async function keptRows(
  chunks: AsyncIterable<Uint8Array>,
  format: RecordFormat,
  files: readonly string[],
): Promise<KeptRows> {
  const outcomes: Outcome[] = [];
  let bytes = 0;
  let buffer = Buffer.alloc(0);
  let wanted = Buffer.from(format.header);
  let inHeader = true;
  const kept = () => ({ rows: outcomes.length, bytes, outcomes });
  for await (const chunk of chunks) {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= wanted.length) {
      if (!buffer.subarray(0, wanted.length).equals(wanted)) return kept();
      let length = wanted.length;
      if (!inHeader) {
        const end = buffer.indexOf(LINE_FEED, wanted.length);
        if (end === -1) break;
        length = end + 1;
        const outcome = format.read(buffer.toString('utf8', 0, length));
        if (outcome === undefined) return kept();
        outcomes.push(outcome);
      }
      inHeader = false;
      bytes += length;
      buffer = buffer.subarray(length);
      const file = files[outcomes.length];
      if (file === undefined) return kept();
      wanted = Buffer.from(format.beginning(file));
    }
  }
  return kept();
}
