import { PawlError } from '../../errors/pawl-error.ts';
import { describeFormat, type ImageFormat } from '../image-format.ts';
import { readAvifHeader, type AvifHeader } from './avif.ts';
import { readGifHeader, type GifHeader } from './gif.ts';
import { readJpegHeader, type JpegHeader } from './jpeg.ts';
import { readPngHeader, type PngHeader } from './png.ts';
import { readWebpHeader, type WebpHeader } from './webp.ts';

/** What a file says of its picture before any decoder sees it. */
export type PictureHeader = JpegHeader | PngHeader | WebpHeader | GifHeader | AvifHeader;

const readers: {
  readonly [Format in ImageFormat]: (bytes: Uint8Array) => Extract<PictureHeader, { format: Format }> | undefined;
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
 * makes of a file that it decodes (picture-header.spec.ts holds it against libvips, over hostile files too).
 *
 * @throws PawlError IMAGE_UNREADABLE when there is no such header; then libvips does not decode the file either.
 */
export function readPictureHeader(bytes: Uint8Array, format: ImageFormat): PictureHeader {
  let cause: unknown;
  try {
    const header = readers[format](bytes);
    if (header !== undefined && header.width > 0 && header.height > 0) return header;
  } catch (error) {
    // A length points past the end of the file.
    if (!(error instanceof RangeError)) throw error;
    cause = error;
  }
  throw unreadable(format, cause);
}

/** The refusal of a file that is not what it starts as. */
export const unreadable = (format: ImageFormat, cause?: unknown): PawlError =>
  new PawlError('IMAGE_UNREADABLE', {
    message: `The file starts as ${describeFormat(format).name} but cannot be decoded.`,
    cause,
  });
