/** Bytes that are enough to tell every format, the longest list of HEIF brands included. */
const SIGNATURE_BYTES = 256;

/** The first bytes of a file, by which its format is told; they may be spread over several chunks. */
export function firstBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && first.byteLength >= SIGNATURE_BYTES) return first;
  const parts: Uint8Array[] = [];
  for (let length = 0, index = 0; length < SIGNATURE_BYTES && index < chunks.length; index += 1) {
    const part = chunks[index]?.subarray(0, SIGNATURE_BYTES) ?? new Uint8Array();
    parts.push(part);
    length += part.byteLength;
  }
  return Buffer.concat(parts).subarray(0, SIGNATURE_BYTES);
}
