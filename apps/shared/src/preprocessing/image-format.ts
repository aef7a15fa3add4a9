/** One format that is decoded: everything that is said about it anywhere. */
interface FormatRow {
  /** As people write it. */
  readonly name: string;
  /** Endings of file names, lower case, the usual one first. */
  readonly extensions: readonly string[];
  /** libvips's loader of it that reads memory. */
  readonly loader: string;
  /** Whether a file begins as one, by its first bytes. */
  readonly begins: (bytes: Uint8Array) => boolean;
}

/** The formats that are decoded; everything else is refused before any decoder sees it. */
const formats = {
  jpeg: {
    name: 'JPEG',
    extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'],
    loader: 'VipsForeignLoadJpegBuffer',
    begins: (bytes) => startsWith(bytes, '\xff\xd8\xff'),
  },
  png: {
    name: 'PNG',
    extensions: ['.png'],
    loader: 'VipsForeignLoadPngBuffer',
    begins: (bytes) => startsWith(bytes, '\x89PNG\r\n\x1a\n'),
  },
  webp: {
    name: 'WebP',
    extensions: ['.webp'],
    loader: 'VipsForeignLoadWebpBuffer',
    begins: (bytes) => startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8),
  },
  gif: {
    name: 'GIF',
    extensions: ['.gif'],
    loader: 'VipsForeignLoadNsgifBuffer',
    begins: (bytes) => startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a'),
  },
  avif: {
    name: 'AVIF',
    extensions: ['.avif'],
    loader: 'VipsForeignLoadHeifBuffer',
    begins: (bytes) => brands(bytes).isAvif,
  },
} as const satisfies Record<string, FormatRow>;

/** One of the formats that are decoded. */
export type ImageFormat = keyof typeof formats;

/** The formats that are decoded. */
export const imageFormats = Object.keys(formats) as readonly ImageFormat[];

/** What is known of a format. */
export const describeFormat = (format: ImageFormat): FormatRow => formats[format];

/** Media type of a format: `image/jpeg`. */
export const mediaTypeOf = (format: ImageFormat): string => `image/${format}`;

/** The formats as part of a sentence: `JPEG, PNG, WebP, GIF or AVIF`. */
export const formatNames = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
  imageFormats.map((format) => formats[format].name),
);

/** What to do about a file of another format. */
export const SUPPORTED_HINT = `Send a ${formatNames} image.`;

/** Enough to hold every brand of a real `ftyp` box; a longer one is not read further. */
const maxFtypBytes = 256;

/** HEIF's neutral major brands: what is inside is said by the compatible brands (ISO/IEC 23008-12, 10.2). */
const neutralBrands = ['mif1', 'msf1'];

/**
 * The format of a file by its first bytes, never by its name or by what the client says of it; undefined for anything
 * that is not decoded here. The answer says which decoder is meant, not that the file is whole.
 */
export function sniffImageFormat(bytes: Uint8Array): ImageFormat | undefined {
  return imageFormats.find((format) => formats[format].begins(bytes));
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
