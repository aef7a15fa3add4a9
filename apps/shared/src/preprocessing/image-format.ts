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

/** Formats as part of a sentence: `JPEG, PNG, WebP, GIF or AVIF`. */
export const listFormats = (some: readonly ImageFormat[]): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(some.map((format) => formats[format].name));

/** All the formats as part of a sentence. */
export const formatNames = listFormats(imageFormats);

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

/** What people can do about a file that is not decoded here. */
const advice = {
  convert: 'Convert it to JPEG or PNG.',
  heic: 'Convert it to JPEG; an iPhone takes JPEG with Settings > Camera > Formats > Most Compatible.',
  still: 'Send one frame of it, as a JPEG or PNG.',
  page: 'Export the page as a PNG.',
  unpack: 'Send the image itself, not compressed and not in an archive.',
  download: 'It was probably saved in place of the picture; look where it comes from.',
} as const;

/** Starts of files that people do send; only to say in the error what was found. Order matters where starts overlap. */
const otherFormats: readonly (readonly [start: string, name: string, advice: string])[] = [
  ['%PDF', 'a PDF', advice.page],
  ['II*\0', 'a TIFF', advice.convert],
  ['MM\0*', 'a TIFF', advice.convert],
  ['BM', 'a BMP', advice.convert],
  ['\0\0\x01\0', 'an ICO', advice.convert],
  ['\xff\x0a', 'a JPEG XL', advice.convert],
  ['\0\0\0\x0cJXL ', 'a JPEG XL', advice.convert],
  ['\0\0\0\x0cjP', 'a JPEG 2000', advice.convert],
  ['PK\x03\x04', 'a ZIP archive', advice.unpack],
  ['\x1f\x8b', 'compressed by gzip', advice.unpack],
  ['<svg', 'an SVG', advice.convert],
  ['<?xml', 'XML or SVG', advice.convert],
  ['<', 'HTML or XML', advice.download],
  ['{', 'JSON', advice.download],
];

/** What an unsupported file seems to be, with its article, as part of a sentence; undefined when nothing is recognised. */
export const describeOtherFormat = (bytes: Uint8Array): string | undefined => recogniseOther(bytes)?.[0];

/** What to do about an unsupported file that is recognised, one sentence. */
export const adviceOnOtherFormat = (bytes: Uint8Array): string | undefined => recogniseOther(bytes)?.[1];

function recogniseOther(bytes: Uint8Array): readonly [name: string, advice: string] | undefined {
  const { major } = brands(bytes);
  if (major === 'avis') return ['an AVIF image sequence', advice.still];
  if (major !== undefined)
    return /^(he|mif1|msf1)/.test(major)
      ? ['a HEIC or HEIF', advice.heic]
      : ['a video or another ISO media file', advice.still];
  const row = otherFormats.find(([start]) => startsWith(bytes, start));
  return row && [row[1], row[2]];
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
