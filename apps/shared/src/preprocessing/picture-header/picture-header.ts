import { readAvifHeader, type AvifHeader } from './avif.ts';
import { readGifHeader, type GifHeader } from './gif.ts';
import { readJpegHeader, type JpegHeader } from './jpeg.ts';
import { readPngHeader, type PngHeader } from './png.ts';
import { readWebpHeader, type WebpHeader } from './webp.ts';

/** What a file says of its picture before any decoder sees it. */
export type PictureHeader = JpegHeader | PngHeader | WebpHeader | GifHeader | AvifHeader;

const readers: {
  readonly [Format in PictureHeader['format']]: (
    bytes: Uint8Array,
  ) => Extract<PictureHeader, { format: Format }> | undefined;
} = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  webp: readWebpHeader,
  gif: readGifHeader,
  avif: readAvifHeader,
};

/**
 * Reads the header of a file of a known format from the bytes alone, in time linear in them and with no memory to speak
 * of: so the cost of a picture is known before anything is spent on it. What it says is never less than what libvips
 * makes of a file that it decodes (picture-header.spec.ts holds it against libvips, over hostile files too). Undefined
 * when there is no such header; then libvips does not decode the file either.
 */
export function readPictureHeader(bytes: Uint8Array, format: PictureHeader['format']): PictureHeader | undefined {
  try {
    const header = readers[format](bytes);
    return header !== undefined && header.width > 0 && header.height > 0 ? header : undefined;
  } catch (error) {
    // A length points past the end of the file.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
