import { crc32 } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a chunk, bytes. */
const FRAME_BYTES = 12;

/** Puts the checksum of every chunk of a PNG right, in place; leaves what is no PNG alone. */
export function repairPng(input: Uint8Array): void {
  if (input[0] !== 0x89) return;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= input.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > input.length) return;
    view.setUint32(end, crc32(input.subarray(at + 4, end)));
    at = end + 4;
  }
}
