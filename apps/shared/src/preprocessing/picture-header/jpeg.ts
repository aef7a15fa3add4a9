import { type CommonHeader, upright, viewOf } from './common.ts';
import { isExifAt, orientationIn } from './exif.ts';

/** What the markers of a JPEG say of the picture. */
export interface JpegHeader extends CommonHeader<'jpeg'> {
  /** Scans, at least 1: each goes over the whole picture, however few bytes it has. */
  readonly scans: number;
  /** Coefficients that the decoder holds until the last scan; 0 where one scan has all and rows are decoded one by one. */
  readonly heldCoefficients: number;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
const APP2 = 0xe2;
const TEM = 0x01;
/** Opens an APP2 segment that is the first of one of an ICC profile (ICC.1:2022, B.4). */
const wholeProfilePrefix = Buffer.from('ICC_PROFILE\0\x01\x01');
/** Segments that libvips keeps: EXIF and XMP, ICC, IPTC. */
const keptSegments = [APP1, APP2, 0xed];
const progressiveFrames = [0xc2, 0xc6, 0xca, 0xce];
const blockSamples = 64;

/** SOF0..SOF15 without DHT (c4), JPG (c8) and DAC (cc), which share their range. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const isStandalone = (marker: number) => marker === TEM || (marker >= 0xd0 && marker <= SOI);

/** One SOF segment. */
interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly isProgressive: boolean;
  /** Samples of all components in whole blocks. */
  readonly coefficients: number;
}

/**
 * Walks the markers of a JPEG (ITU-T T.81, B.1) up to the end of the picture, over entropy-coded data too, as far as
 * further scans can follow: a thumbnail inside a segment, and the video or the second picture that phones append, have scans that are not of this picture.
 * Undefined when no frame header is found.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = viewOf(bytes);
  const startsWith = (prefix: Uint8Array, start: number) => prefix.every((byte, i) => bytes[start + i] === byte);
  let exif: Uint8Array | undefined;
  let profile: Uint8Array | undefined;
  let frame: Frame | undefined;
  let scans = 0;
  let isWhole = false;
  let metadataBytes = 0;
  let at = 2;
  for (;;) {
    // Stray bytes before a marker, fill bytes and entropy-coded data are skipped as libjpeg does.
    // Byte by byte: a hostile file has millions of markers, each of which would cost a call of indexOf.
    while (at < bytes.length && bytes[at] !== 0xff) at += 1;
    if (at + 4 > bytes.length) break;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (marker === 0 || isStandalone(marker)) at += 2;
    else if (marker === EOI) break;
    else {
      const length = view.getUint16(at + 2);
      const start = at + 4;
      const end = at + 2 + length;
      if (length < 2 || end > bytes.length) break;
      if (marker === SOS) {
        if (frame === undefined) break;
        // libjpeg decides by the first scan: one that lacks a component is followed by others.
        isWhole ||= frame.isProgressive || view.getUint8(start) < frame.components;
        scans += 1;
        // One scan with everything: libjpeg takes no other after it.
        if (!isWhole) break;
      } else if (isFrame(marker)) frame ??= readFrame(view, marker, start, end);
      else if (marker === APP1 && exif === undefined && isExifAt(bytes, start)) exif = bytes.subarray(start, end);
      else if (marker === APP2 && startsWith(wholeProfilePrefix, start))
        profile ??= bytes.subarray(start + wholeProfilePrefix.length, end);
      if (keptSegments.includes(marker)) metadataBytes += length;
      at = end;
    }
  }
  if (frame === undefined) return undefined;
  return {
    format: 'jpeg',
    ...upright(frame.width, frame.height, orientationIn(exif)),
    frames: 1,
    channels: frame.components,
    bitDepth: 8,
    ...(profile && { profile }),
    metadataBytes,
    scans: Math.max(1, scans),
    heldCoefficients: isWhole ? frame.coefficients : 0,
  };
}

function readFrame(view: DataView, marker: number, start: number, end: number): Frame | undefined {
  if (end - start < 6) return undefined;
  const [height, width, components] = [view.getUint16(start + 1), view.getUint16(start + 3), view.getUint8(start + 5)];
  if (end - start < 6 + components * 3) return undefined;
  const factors = Array.from({ length: components }, (_, i) => view.getUint8(start + 7 + i * 3));
  const [across, down] = [factors.map((factor) => factor >> 4), factors.map((factor) => factor & 15)];
  const unitsAcross = Math.ceil(width / (8 * Math.max(1, ...across)));
  const unitsDown = Math.ceil(height / (8 * Math.max(1, ...down)));
  const blocks = factors.reduce((sum, _, i) => sum + unitsAcross * (across[i] ?? 0) * unitsDown * (down[i] ?? 0), 0);
  return {
    width,
    height,
    components,
    isProgressive: progressiveFrames.includes(marker),
    coefficients: blocks * blockSamples,
  };
}
