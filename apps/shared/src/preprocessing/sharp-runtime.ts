import sharp, { type Sharp } from 'sharp';
import { describeFormat, imageFormats } from './image-format.ts';

/*
 * The one place where libvips is configured. The settings belong to the process, not to a thread: importing this module
 * again in a worker thread sets the same values again.
 */

// Pictures are decoded side by side, one a core; threads inside one picture would only compete with them.
sharp.concurrency(1);
// The operation cache holds decoded inputs. No upload comes twice often enough to pay for keeping it.
sharp.cache(false);
// libvips opens dozens of formats, SVG among them, which it renders and which can refer to other files. All loaders are
// closed, and one a format is opened; each reads memory only, so that no input can name a path.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: imageFormats.map((format) => describeFormat(format).loader) });

/** Text of the error that sharp raises for `limitInputPixels`; it raises no other kind of error for it. */
export const PIXEL_LIMIT_MESSAGE = 'Input image exceeds pixel limit';

/**
 * Opens a picture in memory: its first frame, to be turned upright by its EXIF orientation.
 *
 * `failOn: 'error'` refuses what is cut short and what fails a checksum, since half a picture would be classified as if
 * it were whole. It passes what decoders merely warn about, such as stray bytes between JPEG markers, which photographs
 * from phones and cameras do have; sharp's default would refuse those.
 *
 * @param options.maxPixels Largest width times height, checked by libvips itself before it decodes pixels; 0 for any.
 * @param options.ignoreIcc Leave the embedded profile out.
 */
export function openImage(bytes: Uint8Array, options: { maxPixels?: number; ignoreIcc?: boolean } = {}): Sharp {
  return sharp(bytes, {
    failOn: 'error',
    limitInputPixels: options.maxPixels ?? 0,
    ignoreIcc: options.ignoreIcc ?? false,
    autoOrient: true,
    pages: 1,
    sequentialRead: true,
  });
}
