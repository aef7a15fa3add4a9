import type { ImageFormat } from './image-format.ts';
import type { AvifHeader } from './picture-header/avif.ts';
import type { PictureHeader } from './picture-header/picture-header.ts';

/** What decoding one picture takes, estimated from its header. */
export interface DecodeCost {
  /** Most memory beyond that of an idle decoder, the copies of the file included, bytes. */
  readonly memoryBytes: number;
  /** CPU time on one slow core, milliseconds: to tell orders of magnitude apart. */
  readonly cpuMs: number;
}

/**
 * Memory of decoding, each constant at or above the largest value measured (`npm run bench:decode-cost`: peak resident
 * memory of a fresh process that decodes one file, beyond that of one that decoded a thumbnail; libvips 8.18, sharp
 * 0.35, one thread a picture; flat pictures, noise, and 10, 12 and 16 bits where the format has them).
 */
const memory = {
  /** The pipeline, the output and what the decoders allocate whatever the picture is; measured 1 to 6 MB. */
  fixedBytes: 8_000_000,
  /** Copies of the file beside the upload: one to read the header, one handed to the decoder, one inside libheif. */
  copiesOfFile: 3,
  /** Bytes kept a byte of unpacked metadata: PNG text 4 (packed) to 9 (plain), EXIF 4, ICC in JPEG 3.5. */
  perMetadataByte: 9,
  /** JPEG that is held until its last scan: 16 bits a coefficient; measured 2.1. */
  perCoefficient: 2.1,
  /** GIF: one canvas of four bytes, and one more where the first picture is to be restored; measured 4.1 and 8.1. */
  perGifPixel: 8,
  /** WebP: what is handed on (4), and for lossless the decoder's own (4), and for an animation its canvas (4). */
  perWebpPixel: { lossy: 4, whole: 12 },
  /** AVIF: libaom's frame and mode information, libheif's planes and its RGB; measured 15, 21, 20 and 24. */
  perAvifPixel: { subsampled: 18, full: 22, deepSubsampled: 22, deepFull: 26 },
} as const;

/**
 * Rows that libvips keeps of a picture that it reads row by row, of which every one is as wide as the picture; measured
 * from 55 (10 rows) over 742 (300 rows) to 1,670 (1,200 rows and more). A PNG of 1,000,000 x 40 pixels of 16 bits takes
 * 792 MB by that.
 */
const rowsKept = (height: number): number => Math.min(2.6 * height + 30, 1_700);

/** A JPEG is made smaller while it is read, by 2, 4 or 8, as long as this much is left of its shorter side, pixels. */
const JPEG_LEAST_SIDE = 1_024;

function jpegShrink({ storedWidth, storedHeight }: PictureHeader): number {
  const possible = Math.min(storedWidth, storedHeight) / JPEG_LEAST_SIDE;
  return [8, 4, 2].find((factor) => factor <= possible) ?? 1;
}

function rowBytes(header: PictureHeader): number {
  const width = header.format === 'jpeg' ? header.storedWidth / jpegShrink(header) : header.storedWidth;
  // Alpha is multiplied in and colours are converted with three channels at least.
  return width * Math.max(3, header.channels) * (header.bitDepth / 8);
}

function avifPixelBytes({ bitDepth, isSubsampled }: AvifHeader): number {
  const { subsampled, full, deepSubsampled, deepFull } = memory.perAvifPixel;
  if (bitDepth === 8) return isSubsampled ? subsampled : full;
  return isSubsampled ? deepSubsampled : deepFull;
}

/** What a decoder holds of the whole picture at once, beside the rows, bytes. */
function heldBytes(header: PictureHeader): number {
  const pixels = header.storedWidth * header.storedHeight;
  switch (header.format) {
    case 'jpeg':
      return header.heldCoefficients * memory.perCoefficient;
    case 'png':
      return header.isInterlaced
        ? pixels * Math.max(header.channels * (header.bitDepth / 8), header.storedBits / 8)
        : 0;
    case 'webp':
      return pixels * (header.isWhole ? memory.perWebpPixel.whole : memory.perWebpPixel.lossy);
    case 'gif':
      return pixels * memory.perGifPixel;
    case 'avif':
      return Math.max(pixels, header.largestPixels) * avifPixelBytes(header);
  }
}

/** The cost of decoding a picture of this header, whose file has so many bytes. */
export function decodeCost(header: PictureHeader, fileBytes: number): DecodeCost {
  const rows = rowBytes(header) * rowsKept(header.storedHeight);
  const metadata = header.metadataBytes * memory.perMetadataByte;
  const memoryBytes = memory.fixedBytes + fileBytes * memory.copiesOfFile + metadata + rows + heldBytes(header);
  const load = { format: header.format, bytes: fileBytes, pixels: pixelsDecoded(header), passes: passesOf(header) };
  return { memoryBytes: Math.ceil(memoryBytes), cpuMs: estimateDecodeMs(load) };
}

/** Pixels that the decoder makes, tiles as often as they are used. */
const pixelsDecoded = (header: PictureHeader): number =>
  header.format === 'avif' ? header.codedPixels : header.storedWidth * header.storedHeight;

/** Times that the decoder goes over all pixels, at least 1. */
const passesOf = (header: PictureHeader): number => (header.format === 'jpeg' ? header.scans : 1);

/** A picture by what decides how long its decoding takes. */
export interface DecodeLoad {
  readonly format: ImageFormat;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Width times height; 0 while the header is not read. */
  readonly pixels: number;
  /** Times that the decoder goes over all pixels, at least 1. */
  readonly passes: number;
}

/** Milliseconds that a million pixels take on one slow core, by format: about four times what a core of 2020 needs. */
const MS_A_MEGAPIXEL: Readonly<Record<ImageFormat, number>> = { jpeg: 60, png: 100, webp: 80, gif: 60, avif: 300 };
/** Milliseconds of a further scan over a million pixels on one slow core, its bytes aside; measured 0.12 on a fast one. */
const MS_A_SCAN_MEGAPIXEL = 1;
/** Milliseconds that a million bytes take to be unpacked, whatever pixels come of it. */
const MS_A_MEGABYTE = 100;
/** Share of a core that a process must have had before a picture is blamed. */
const LEAST_SHARE = 1 / 20;

/** Estimate of the CPU time that decoding takes on a slow core, milliseconds: to tell orders of magnitude apart. */
export function estimateDecodeMs({ format, bytes, pixels, passes }: DecodeLoad): number {
  const perMegapixel = MS_A_MEGAPIXEL[format] + (passes - 1) * MS_A_SCAN_MEGAPIXEL;
  return (pixels * perMegapixel + bytes * MS_A_MEGABYTE) / 1e6;
}

/**
 * Whether it is this picture that took the time: one that a slow core decodes in a twentieth of it was kept waiting by a process that
 * got no CPU, and the same picture is answered when that is over.
 *
 * @param cpuMs estimate of a slow core, see {@link DecodeCost}.
 */
export const isToBlame = (cpuMs: number, elapsedMs: number): boolean => cpuMs >= elapsedMs * LEAST_SHARE;
