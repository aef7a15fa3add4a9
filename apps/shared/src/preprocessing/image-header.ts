import type { ImageFormat } from './image-format.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { openImage } from './sharp-runtime.ts';
import { isSrgbProfile } from './srgb-profile.ts';

/** What a file says of its picture before any pixel is decoded. */
export interface ImageHeader {
  /** Pixels as looked at, after EXIF orientation. */
  readonly width: number;
  /** Pixels as looked at, after EXIF orientation. */
  readonly height: number;
  /** Frames in the file, at least 1. APNG counts as 1: libpng knows its first picture only. */
  readonly frames: number;
  /** RGB of 16 bits a channel. */
  readonly isRgb16: boolean;
  /** The embedded profile says sRGB, which is what is assumed without one. */
  readonly hasSrgbProfile: boolean;
}

/**
 * Reads the header of a file of a known format.
 * @throws Error of sharp when libvips cannot open the file.
 */
export async function readImageHeader(bytes: Uint8Array, format: ImageFormat): Promise<ImageHeader> {
  if (format === 'jpeg') {
    const header = readJpegHeader(bytes);
    if (header !== undefined) {
      // 5 to 8 turn the picture by a quarter.
      const [width, height] = header.orientation >= 5 ? [header.height, header.width] : [header.width, header.height];
      const hasSrgbProfile = header.profile !== undefined && isSrgbProfile(header.profile);
      return { width, height, frames: 1, isRgb16: false, hasSrgbProfile };
    }
  }
  const { autoOrient, pages, space, icc } = await openImage(bytes).metadata();
  const hasSrgbProfile = icc !== undefined && isSrgbProfile(icc);
  return { ...autoOrient, frames: pages ?? 1, isRgb16: space === 'rgb16', hasSrgbProfile };
}
