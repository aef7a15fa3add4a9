import { inflateSync } from 'node:zlib';
import { type CommonHeader, nameAt, upright, viewOf } from './common.ts';
import { orientationIn } from './exif.ts';

/** What the chunks of a PNG say of the picture. */
export interface PngHeader extends CommonHeader<'png'> {
  /** Adam7: decoded whole, where other pictures are decoded row by row. */
  readonly isInterlaced: boolean;
  /** Bits of a pixel as stored. */
  readonly storedBits: number;
}

const signatureBytes = 8;
/** Samples of a stored pixel by colour type (PNG specification, table 11.1). */
const storedChannels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PALETTE = 3;
/** libpng and libspng unpack no more of one chunk. */
const maxUnpackedChunk = 8_000_000;
/** The most that deflate packs into one byte. */
const deflateRatio = 1032;
/** Profiles in use have up to a few megabytes; those that say sRGB have kilobytes. */
const maxProfileBytes = 65_536;

/** Reads the chunks of a PNG up to IEND; undefined when it does not begin with IHDR. */
export function readPngHeader(bytes: Uint8Array): PngHeader | undefined {
  const view = viewOf(bytes);
  let at = signatureBytes;
  if (nameAt(view, at + 4) !== 'IHDR') return undefined;
  const [storedWidth, storedHeight] = [view.getUint32(at + 8), view.getUint32(at + 12)];
  const [depth, type, interlace] = [view.getUint8(at + 16), view.getUint8(at + 17), view.getUint8(at + 20)];
  const samples = storedChannels[type];
  if (samples === undefined) return undefined;
  let exif: Uint8Array | undefined;
  let packedProfile: Uint8Array | undefined;
  let isTransparent = false;
  let metadataBytes = 0;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    const name = nameAt(view, at + 4);
    // What ends early is not longer than the file.
    const dataBytes = Math.min(length, bytes.length - at - 8);
    const data = () => bytes.subarray(at + 8, at + 8 + length);
    if (name === 'IEND') break;
    if (name === 'tRNS') isTransparent = true;
    else if (name === 'tEXt' || name === 'eXIf') metadataBytes += dataBytes;
    else if (name === 'zTXt' || name === 'iTXt' || name === 'iCCP')
      metadataBytes += Math.min(dataBytes * deflateRatio, maxUnpackedChunk);
    if (name === 'eXIf') exif ??= data();
    if (name === 'iCCP') packedProfile ??= data();
    at += 12 + length;
  }
  const profile = packedProfile && readProfile(packedProfile);
  const isColour = type === 2 || type === PALETTE || type === 6;
  return {
    format: 'png',
    ...upright(storedWidth, storedHeight, orientationIn(exif)),
    frames: 1,
    channels: (isColour ? 3 : 1) + Number(isTransparent || type >= 4),
    bitDepth: depth === 16 ? 16 : 8,
    ...(profile && { profile }),
    metadataBytes,
    isInterlaced: interlace !== 0,
    storedBits: depth * samples,
  };
}

/** The profile of an iCCP chunk: a name, a zero, the method and deflated bytes. Undefined when long or broken. */
function readProfile(chunk: Uint8Array): Uint8Array | undefined {
  const end = chunk.indexOf(0);
  if (end < 0) return undefined;
  try {
    return inflateSync(chunk.subarray(end + 2), { maxOutputLength: maxProfileBytes });
  } catch {
    return undefined;
  }
}
