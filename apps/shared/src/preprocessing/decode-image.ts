import type { InputSpec } from '../bundle/manifest.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { isToBlame } from './decode-cost.ts';
import { examinePicture, tooManyPixels, unreadable, type ExaminedPicture } from './examine-picture.ts';
import type { ImageFormat } from './image-format.ts';
import type { ImageLimits } from './limits.ts';
import type { PictureHeader } from './picture-header/picture-header.ts';
import { planCrop } from './resize-plan.ts';
import { openImage, PIXEL_LIMIT_MESSAGE } from './sharp-runtime.ts';
import { isSrgbProfile } from './srgb-profile.ts';

/** A picture in the size and colours that the model takes, and what the file was before. */
export interface DecodedImage {
  /**
   * sRGB, 8 bits, R G B of each pixel, row by row: `height * width * 3` bytes by the input spec. Alone in its
   * ArrayBuffer; copy it to send it to another thread, since memory of native code may not be transferable.
   */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** By content. */
  readonly format: ImageFormat;
  /** Pixels of the original as it is looked at, after EXIF orientation. */
  readonly width: number;
  /** Pixels of the original as it is looked at, after EXIF orientation. */
  readonly height: number;
  /** Frames in the file, at least 1; only the first is decoded. */
  readonly frames: number;
}

/** Decodes images for one model. */
export interface ImageDecoder {
  /**
   * Decodes one file. The bytes are read until the promise settles, and after a timeout for a while longer: they must
   * not be changed.
   *
   * @throws PawlError `FILE_EMPTY`, `FILE_TOO_LARGE`, `IMAGE_FORMAT_UNSUPPORTED`, `IMAGE_TOO_MANY_PIXELS`,
   *   `IMAGE_TOO_COMPLEX`, `IMAGE_UNREADABLE`, `IMAGE_TIMEOUT`, or `SERVICE_STALLED` where the time was over and the
   *   picture is not to blame,
   *   and nothing else, whatever the bytes are.
   */
  decode(bytes: Uint8Array): Promise<DecodedImage>;
}

const CHANNELS = 3;

/**
 * A decoder to the size, fit and kernel of one model's input. Everything becomes 8-bit sRGB: orientation by EXIF,
 * colours by the embedded profile (CMYK without one by libvips's own), alpha over white.
 *
 * The time limit counts from the call, waiting for a thread of libuv's pool included, so callers bound how many decodes
 * run at once. When it passes, the answer comes at once, while libvips, which cannot be interrupted from outside, stops
 * at its next row (its own limit counts whole seconds) or, for the formats that it decodes in one go, at the end of the
 * picture, which the pixel limit bounds.
 */
export function createImageDecoder(input: InputSpec, limits: ImageLimits): ImageDecoder {
  const size = input.width * input.height * CHANNELS;

  async function decodeExamined(bytes: Uint8Array, header: PictureHeader): Promise<DecodedImage> {
    const { format, width, height, frames, profile } = header;
    const hasSrgbProfile = profile !== undefined && isSrgbProfile(profile);
    const image = openImage(bytes, { maxPixels: limits.maxPixels, ignoreIcc: hasSrgbProfile })
      .timeout({ seconds: Math.max(1, Math.ceil(limits.timeoutMs / 1000)) })
      .flatten({ background: '#ffffff' })
      .raw();
    resizeTo(image, input, header);
    // sharp turns 16-bit RGB that has a profile into Display P3, not sRGB; 8 bits first avoid it. Not for all: this
    // setting switches shrink-on-load off, which is most of the speed with JPEG.
    if (header.bitDepth === 16 && header.channels >= 3) image.pipelineColourspace('srgb');
    // Not toUint8Array(): sharp 0.35.5 never frees what it returns, 150 KB an image (decode-image.memory.spec.ts).
    const { data: pixels } = await image.toBuffer({ resolveWithObject: true });
    if (pixels.length !== size) throw new Error(`got ${pixels.length} bytes instead of ${size}`);
    return { pixels, format, width, height, frames };
  }

  return {
    async decode(bytes) {
      const examined = examinePicture(bytes, limits);
      const deadline = new DecodeDeadline(limits.timeoutMs);
      try {
        return await Promise.race([decodeExamined(bytes, examined.header), deadline.passed]);
      } catch (error) {
        throw decodeError(error, examined, limits, deadline);
      } finally {
        deadline.clear();
      }
    },
  };
}

/** Resizes to the input: at once, or to the size that its centre is cut from. */
function resizeTo(image: ReturnType<typeof openImage>, input: InputSpec, picture: PictureHeader): void {
  const { width, height, fit, crop, kernel } = input;
  if (crop === undefined) {
    image.resize(width, height, { fit, kernel });
    return;
  }
  const plan = planCrop({ width, height }, crop, picture);
  if (plan.before !== undefined) image.extract(plan.before);
  image.resize(plan.width, plan.height, { fit: 'fill', kernel }).extract(plan.after);
}

/** Rejects after a time, and knows whether that time is over even when the thread was too busy to run its timer. */
class DecodeDeadline {
  readonly passed: Promise<never>;
  readonly #end: number;
  #timer: NodeJS.Timeout | undefined;
  #hasFired = false;

  constructor(ms: number) {
    this.#end = performance.now() + ms;
    this.passed = new Promise((_, reject) => {
      this.#timer = setTimeout(() => {
        // Timers may fire a fraction of a millisecond early.
        this.#hasFired = true;
        reject(new Error('deadline passed'));
      }, ms);
    });
  }

  get isOver(): boolean {
    return this.#hasFired || performance.now() >= this.#end;
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * The error of Pawl for a failed decode. libvips collects its messages in one buffer of the process, where those of
 * pictures decoded at the same time mix: they go to the log as the cause and decide nothing.
 */
function decodeError(
  error: unknown,
  { header, cost }: ExaminedPicture,
  limits: ImageLimits,
  deadline: DecodeDeadline,
): PawlError {
  if (deadline.isOver) return tooLate(cost.cpuMs, limits.timeoutMs, error);
  if (error instanceof Error && error.message === PIXEL_LIMIT_MESSAGE)
    return tooManyPixels(limits, 'is too large', error);
  return unreadable(header.format, error);
}

/** The sender is told to send something else only where this picture took the time. */
function tooLate(cpuMs: number, timeoutMs: number, cause: unknown): PawlError {
  const message = `The image was not decoded within ${timeoutMs} ms`;
  if (isToBlame(cpuMs, timeoutMs)) return new PawlError('IMAGE_TIMEOUT', { message: `${message}.`, cause });
  return new PawlError('SERVICE_STALLED', {
    message: `${message}, which is not because of the image: the service is short of CPU.`,
    cause,
  });
}
