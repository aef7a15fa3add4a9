import type { ImageFormat } from './image-format.ts';

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
/** Milliseconds that a million bytes take to be unpacked, whatever pixels come of it. */
const MS_A_MEGABYTE = 100;
/** Share of a core that a process must have had before a picture is blamed. */
const LEAST_SHARE = 1 / 20;

/** Estimate of the CPU time that decoding takes on a slow core, milliseconds: to tell orders of magnitude apart. */
export function estimateDecodeMs({ format, bytes, pixels, passes }: DecodeLoad): number {
  return (pixels * passes * MS_A_MEGAPIXEL[format] + bytes * MS_A_MEGABYTE) / 1e6;
}

/**
 * Whether it is this picture that took the time: one that a slow core decodes in a twentieth of it was kept waiting by a process that
 * got no CPU, and the same picture is answered when that is over.
 */
export const isToBlame = (load: DecodeLoad, elapsedMs: number): boolean =>
  estimateDecodeMs(load) >= elapsedMs * LEAST_SHARE;

/** Start of scan (ITU-T T.81, table B.1); entropy-coded data never has it, and a thumbnail's counts too. */
const SOS = Buffer.from([0xff, 0xda]);

/** Scans of a JPEG, at least 1: each goes over the whole picture, however few bytes it has. */
export function countScans(bytes: Uint8Array): number {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let scans = 0;
  for (let at = file.indexOf(SOS); at >= 0; at = file.indexOf(SOS, at + SOS.length)) scans += 1;
  return Math.max(1, scans);
}
