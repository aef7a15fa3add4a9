const BLOCK = 512;

/** Puts the checksum of every block that could be a header right, in place (POSIX pax, ustar interchange format). */
export function repairTar(tar: Uint8Array): void {
  const bytes = Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength);
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(' ', at + 148, at + 156);
    let sum = 0;
    for (const byte of bytes.subarray(at, at + BLOCK)) sum += byte;
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}
