/** The formats that are decoded; everything else is refused before any decoder sees it. */
export const imageFormats = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const;

/** One of the formats that are decoded. */
export type ImageFormat = (typeof imageFormats)[number];

/** Enough to hold every brand of a real `ftyp` box; a longer one is not read further. */
const maxFtypBytes = 256;

/** HEIF's neutral major brands: what is inside is said by the compatible brands (ISO/IEC 23008-12, 10.2). */
const neutralBrands = ['mif1', 'msf1'];

/**
 * The format of a file by its first bytes, never by its name or by what the client says of it; undefined for anything
 * that is not decoded here. The answer says which decoder is meant, not that the file is whole.
 */
export function sniffImageFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a')) return 'gif';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'webp';
  if (brands(bytes).isAvif) return 'avif';
  return undefined;
}

/** Starts of files that people do send; only to say in the error what was found. Order matters where starts overlap. */
const otherFormats: readonly (readonly [start: string, name: string])[] = [
  ['%PDF', 'a PDF'],
  ['II*\0', 'a TIFF'],
  ['MM\0*', 'a TIFF'],
  ['BM', 'a BMP'],
  ['\0\0\x01\0', 'an ICO'],
  ['\xff\x0a', 'a JPEG XL'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL'],
  ['\0\0\0\x0cjP', 'a JPEG 2000'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['<svg', 'an SVG'],
  ['<?xml', 'XML or SVG'],
  ['<', 'HTML or XML'],
  ['{', 'JSON'],
];

/** What an unsupported file seems to be, with its article, as part of a sentence; undefined when nothing is recognised. */
export function describeOtherFormat(bytes: Uint8Array): string | undefined {
  const { major } = brands(bytes);
  if (major === 'avis') return 'an AVIF image sequence';
  if (major !== undefined)
    return /^(he|mif1|msf1)/.test(major) ? 'a HEIC or HEIF' : 'a video or another ISO media file';
  return otherFormats.find(([start]) => startsWith(bytes, start))?.[1];
}

/**
 * The brands of a file that starts with an ISO `ftyp` box. HEIC names an HEVC brand as the major one and is not AVIF
 * whatever else it lists. Sequences (`avis` as the major brand) are left out: libvips does not open them.
 */
function brands(bytes: Uint8Array): { readonly major?: string; readonly isAvif: boolean } {
  if (!startsWith(bytes, 'ftyp', 4) || bytes.length < 16) return { isAvif: false };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, maxFtypBytes)).toString('latin1');
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const major = text.slice(8, 12);
  // Four bytes of minor version lie between the major brand and the compatible ones.
  const compatible: string[] = text.slice(16, size).match(/.{4}/gs) ?? [];
  return { major, isAvif: major === 'avif' || (neutralBrands.includes(major) && compatible.includes('avif')) };
}

/** Whether the bytes at an offset are these, one Latin-1 character a byte. */
function startsWith(bytes: Uint8Array, text: string, at = 0): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}
