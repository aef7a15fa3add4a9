/** What the headers of all formats say. */
export interface CommonHeader<Format extends string> {
  readonly format: Format;
  /** Pixels as looked at, after orientation, at least 1. */
  readonly width: number;
  /** Pixels as looked at, after orientation, at least 1. */
  readonly height: number;
  /** Pixels of a row as it is stored, before orientation. */
  readonly storedWidth: number;
  /** Rows as they are stored, before orientation. */
  readonly storedHeight: number;
  /** Frames in the file, at least 1. APNG counts as 1: libpng knows its first picture only. */
  readonly frames: number;
  /** Samples of one pixel as the decoder hands them on, 1..4. */
  readonly channels: number;
  /** Bits of one sample as the decoder hands them on. */
  readonly bitDepth: 8 | 16;
  /** The embedded ICC profile, when it is whole and readable in a few microseconds. */
  readonly profile?: Uint8Array;
  /** Bytes of metadata that the decoder keeps beside the picture, as unpacked. */
  readonly metadataBytes: number;
}

/**
 * Four bytes as Latin-1 text: the name of a chunk or a box. Not by `subarray`, since a hostile file has a million chunks.
 * @throws RangeError past the end of the file.
 */
export function nameAt(view: DataView, at: number): string {
  const word = view.getUint32(at);
  return String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
}

/** The bytes as a view. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Width and height of a picture as looked at, by its EXIF orientation: 5 to 8 turn it by a quarter. */
export function upright(storedWidth: number, storedHeight: number, orientation: number) {
  const [width, height] = orientation >= 5 ? [storedHeight, storedWidth] : [storedWidth, storedHeight];
  return { width, height, storedWidth, storedHeight };
}
