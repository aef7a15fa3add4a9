import { crc32, deflateSync } from 'node:zlib';

/** Colour types of PNG by their meaning (PNG specification, table 11.1). */
const colourType = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const;

/** What {@link png} writes. */
export interface PngParts {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: 1 | 2 | 4 | 8 | 16;
  readonly type: keyof typeof colourType;
  /** Samples of one pixel; the same for every pixel unless it depends on the position. */
  readonly pixel: (x: number, y: number) => readonly number[];
  /** RGB triples. */
  readonly palette?: readonly number[];
  /** The tRNS chunk: alpha of palette entries, or the one transparent colour as 16-bit samples. */
  readonly transparency?: readonly number[];
  /** An ICC profile to embed. */
  readonly profile?: Buffer;
}

/** A PNG file, written from the specification without any image library: the independent side of the decoder's tests. */
export function png(parts: PngParts): Buffer {
  const rows = Array.from({ length: parts.height }, (_, y) => {
    const samples = Array.from({ length: parts.width }, (_, x) => parts.pixel(x, y)).flat();
    return Buffer.concat([Buffer.of(0), packSamples(samples, parts.depth)]);
  });
  return pngFile(parts, Buffer.concat(rows));
}

/** A PNG of one bit a pixel, all black: as large as one likes, and next to nothing in bytes. */
export function blackPng(width: number, height: number): Buffer {
  return pngFile({ width, height, depth: 1, type: 'grey' }, Buffer.alloc(height * (1 + Math.ceil(width / 8))));
}

type Header = Pick<PngParts, 'width' | 'height' | 'depth' | 'type' | 'palette' | 'transparency' | 'profile'>;

function pngFile({ width, height, depth, type, palette, transparency, profile }: Header, scanlines: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = colourType[type];
  const named = Buffer.from('profile\0\0', 'latin1');
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(profile ? [chunk('iCCP', Buffer.concat([named, deflateSync(profile)]))] : []),
    ...(palette ? [chunk('PLTE', Buffer.from(palette))] : []),
    ...(transparency ? [chunk('tRNS', Buffer.from(transparency))] : []),
    chunk('IDAT', deflateSync(scanlines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** One chunk with its checksum. */
export function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function packSamples(samples: readonly number[], depth: number): Buffer {
  if (depth === 16) return Buffer.from(samples.flatMap((sample) => [sample >> 8, sample & 255]));
  const perByte = 8 / depth;
  const bytes = Buffer.alloc(Math.ceil(samples.length / perByte));
  samples.forEach((sample, index) => {
    const at = Math.floor(index / perByte);
    bytes[at] = (bytes[at] ?? 0) | (sample << (8 - depth * ((index % perByte) + 1)));
  });
  return bytes;
}
