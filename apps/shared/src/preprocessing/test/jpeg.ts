/** Inserts a segment right behind the start of a JPEG. */
const withSegment = (jpeg: Uint8Array, marker: number, body: Buffer): Buffer => {
  const length = body.length + 2;
  return Buffer.concat([
    jpeg.subarray(0, 2),
    Buffer.of(0xff, marker, length >> 8, length & 255),
    body,
    jpeg.subarray(2),
  ]);
};

/** The JPEG with an EXIF segment that holds nothing but an orientation, in either byte order. */
export function withOrientation(jpeg: Uint8Array, orientation: number, order: 'II' | 'MM' = 'MM'): Buffer {
  const uint = (value: number, bytes: number) => {
    const bigEndian = Array.from({ length: bytes }, (_, i) => (value >> (8 * (bytes - 1 - i))) & 255);
    return Buffer.from(order === 'MM' ? bigEndian : bigEndian.reverse());
  };
  // Header, one entry (tag, type SHORT, count 1, value left-aligned in four bytes), no next directory.
  const entry = [uint(0x0112, 2), uint(3, 2), uint(1, 4), uint(orientation, 2), uint(0, 2)];
  const tiff = [Buffer.from(order), uint(42, 2), uint(8, 4), uint(1, 2), ...entry, uint(0, 4)];
  return withSegment(jpeg, 0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), ...tiff]));
}

/** The JPEG with an ICC profile that fits one segment. */
export function withProfile(jpeg: Uint8Array, profile: Buffer): Buffer {
  return withSegment(jpeg, 0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), profile]));
}
