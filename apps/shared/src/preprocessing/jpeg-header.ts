/** What the header of a JPEG says of the picture. */
export interface JpegHeader {
  /** Pixels as stored, before orientation. */
  readonly width: number;
  /** Pixels as stored, before orientation. */
  readonly height: number;
  /** EXIF orientation, 1..8; 1 when there is none. */
  readonly orientation: number;
  /** The embedded ICC profile, when it is whole in one segment, as small ones are. */
  readonly profile?: Uint8Array;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
const APP2 = 0xe2;
const TEM = 0x01;
/** Opens an APP1 segment that holds EXIF data. */
const exifPrefix = Buffer.from('Exif\0\0');
/** Opens an APP2 segment that is the first of one of an ICC profile (ICC.1:2022, B.4). */
const wholeProfilePrefix = Buffer.from('ICC_PROFILE\0\x01\x01');
/** EXIF's tag of the orientation, in the first directory. */
const orientationTag = 0x0112;

/** SOF0..SOF15 without DHT (c4), JPG (c8) and DAC (cc), which share their range. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const isStandalone = (marker: number) => marker === TEM || (marker >= 0xd0 && marker <= SOI);

/**
 * Size, orientation and profile of a JPEG (ITU-T T.81, B.1), read in microseconds where libvips takes a good part of a
 * millisecond; undefined when no frame header is found, so that the caller asks libvips. The decoder reads size and
 * orientation again by itself, and its reading decides.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const startsWith = (prefix: Uint8Array, start: number) => prefix.every((byte, i) => bytes[start + i] === byte);
  let orientation: number | undefined;
  let profile: Uint8Array | undefined;
  let at = 2;
  while (at + 4 <= bytes.length) {
    // Stray bytes before a marker, and fill bytes, are skipped as libjpeg does.
    if (bytes[at] !== 0xff || bytes[at + 1] === 0xff || bytes[at + 1] === 0) {
      at++;
      continue;
    }
    const marker = view.getUint8(at + 1);
    if (isStandalone(marker)) {
      at += 2;
      continue;
    }
    if (marker === SOS || marker === EOI) return undefined;
    const length = view.getUint16(at + 2);
    const start = at + 4;
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) return undefined;
    if (isFrame(marker)) {
      if (end - start < 5) return undefined;
      const [height, width] = [view.getUint16(start + 1), view.getUint16(start + 3)];
      return { width, height, orientation: orientation ?? 1, ...(profile && { profile }) };
    }
    if (marker === APP1 && orientation === undefined && startsWith(exifPrefix, start)) {
      const tiff = bytes.subarray(start + exifPrefix.length, end);
      orientation = readOrientation(new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength));
    }
    if (marker === APP2 && startsWith(wholeProfilePrefix, start))
      profile ??= bytes.subarray(start + wholeProfilePrefix.length, end);
    at = end;
  }
  return undefined;
}

/** Orientation in a TIFF structure as EXIF holds it; undefined when there is none or it makes no sense. */
function readOrientation(tiff: DataView): number | undefined {
  if (tiff.byteLength < 8) return undefined;
  const littleEndian = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, littleEndian);
  if (directory + 2 > tiff.byteLength) return undefined;
  const entries = tiff.getUint16(directory, littleEndian);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (entry + 12 > tiff.byteLength) return undefined;
    if (tiff.getUint16(entry, littleEndian) !== orientationTag) continue;
    const value = tiff.getUint16(entry + 8, littleEndian);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
