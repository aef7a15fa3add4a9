import { type CommonHeader, nameAt, upright, viewOf } from './common.ts';
import { orientationIn } from './exif.ts';

/** What the chunks of a WebP say of the picture. */
export interface WebpHeader extends CommonHeader<'webp'> {
  /** Lossless or animated: decoded whole, where a lossy still is scaled while it is decoded. */
  readonly isWhole: boolean;
}

/** RIFF, size, WEBP. */
const fileHeaderBytes = 12;
/** Flags of VP8X (WebP container specification). */
const ANIMATION = 0x02;
const ALPHA = 0x10;
/** What coded pixels begin with. */
const [VP8_START, VP8L_START] = [0x2a019d, 0x2f];

interface Canvas {
  readonly width: number;
  readonly height: number;
}

/** Reads the chunks of a WebP; undefined when it has no picture. */
export function readWebpHeader(bytes: Uint8Array): WebpHeader | undefined {
  const view = viewOf(bytes);
  let canvas: Canvas | undefined;
  let isAnimated = false;
  let hasAlpha = false;
  let isLossless = false;
  let frames = 0;
  let exif: Uint8Array | undefined;
  let profile: Uint8Array | undefined;
  let metadataBytes = 0;
  let at = fileHeaderBytes;
  while (at + 8 <= bytes.length) {
    const name = nameAt(view, at);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    const data = () => bytes.subarray(start, start + length);
    if (name === 'VP8X' && canvas === undefined) {
      const flags = view.getUint8(start);
      isAnimated = (flags & ANIMATION) !== 0;
      hasAlpha = (flags & ALPHA) !== 0;
      canvas = { width: uint24(view, start + 4) + 1, height: uint24(view, start + 7) + 1 };
    } else if (name === 'VP8 ') {
      // Frame tag and start code, then 14 bits of each side (RFC 6386, 9.1).
      if (uint24(view, start + 3) !== VP8_START) return undefined;
      canvas ??= { width: view.getUint16(start + 6, true) & 0x3fff, height: view.getUint16(start + 8, true) & 0x3fff };
    } else if (name === 'VP8L') {
      if (view.getUint8(start) !== VP8L_START) return undefined;
      isLossless = true;
      const bits = view.getUint32(start + 1, true);
      hasAlpha ||= (bits & 0x1000_0000) !== 0;
      canvas ??= { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    } else if (name === 'ANMF') frames += 1;
    else if (name === 'ICCP') profile ??= data();
    if (name === 'EXIF') exif ??= data();
    if (name === 'ICCP' || name === 'EXIF' || name === 'XMP ') metadataBytes += Math.min(length, bytes.length - start);
    // Chunks begin at even offsets.
    at = start + length + (length & 1);
  }
  if (canvas === undefined) return undefined;
  return {
    format: 'webp',
    ...upright(canvas.width, canvas.height, orientationIn(exif)),
    frames: isAnimated ? Math.max(1, frames) : 1,
    channels: hasAlpha ? 4 : 3,
    bitDepth: 8,
    ...(profile && { profile }),
    metadataBytes,
    isWhole: isLossless || isAnimated,
  };
}

const uint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
