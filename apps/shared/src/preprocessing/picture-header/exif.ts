import { viewOf } from './common.ts';

/** EXIF's tag of the orientation, in the first directory. */
const orientationTag = 0x0112;

/** Opens EXIF data in JPEG, and in the files of some writers of other formats. */
const prefix = Buffer.from('Exif\0\0');

/** Whether EXIF data of a JPEG begins at an offset. */
export const isExifAt = (bytes: Uint8Array, at: number): boolean => prefix.every((byte, i) => bytes[at + i] === byte);

/** Orientation, 1..8, in EXIF data; 1 when there is none or it makes no sense. */
export const orientationIn = (exif: Uint8Array | undefined): number => (exif && readOrientation(exif)) ?? 1;

function readOrientation(exif: Uint8Array): number | undefined {
  const tiff = viewOf(isExifAt(exif, 0) ? exif.subarray(prefix.length) : exif);
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
