import { deflateSync } from 'node:zlib';
import { blackPng, chunk, png } from '../test/png.ts';
import { readPngHeader } from './png.ts';

const small = blackPng(8, 8);
/** The picture with chunks behind its header. */
const withChunks = (...chunks: readonly Buffer[]) =>
  Buffer.concat([small.subarray(0, 33), ...chunks, small.subarray(33)]);

describe('the chunks of a PNG', () => {
  it.each([
    ['grey', { type: 'grey', depth: 1 }, { channels: 1, bitDepth: 8, storedBits: 1 }],
    ['grey of 16 bits with alpha', { type: 'greyAlpha', depth: 16 }, { channels: 2, bitDepth: 16, storedBits: 32 }],
    ['RGB', { type: 'rgb', depth: 8 }, { channels: 3, bitDepth: 8, storedBits: 24 }],
    ['RGBA', { type: 'rgba', depth: 8 }, { channels: 4, bitDepth: 8, storedBits: 32 }],
  ] as const)('say what a pixel is: %s', (_, parts, expected) => {
    const samples = { grey: 1, greyAlpha: 2, rgb: 3, rgba: 4 }[parts.type];
    const bytes = png({ ...parts, width: 3, height: 2, pixel: () => Array.from({ length: samples }, () => 0) });
    expect(readPngHeader(bytes)).toMatchObject({ width: 3, height: 2, isInterlaced: false, ...expected });
  });

  it('a palette is three channels, with transparency four', () => {
    const parts = { width: 2, height: 2, depth: 8, type: 'palette', palette: [1, 2, 3], pixel: () => [0] } as const;
    expect(readPngHeader(png(parts))).toMatchObject({ channels: 3 });
    expect(readPngHeader(png({ ...parts, transparency: [0] }))).toMatchObject({ channels: 4 });
  });

  it('plain text counts as it is, packed text as what it may become, at most what a decoder unpacks of one', () => {
    const text = chunk('tEXt', Buffer.alloc(1_000, 65));
    const packed = chunk(
      'zTXt',
      Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync(Buffer.alloc(50_000_000))]),
    );
    expect(readPngHeader(small)).toMatchObject({ metadataBytes: 0 });
    expect(readPngHeader(withChunks(text, text))).toMatchObject({ metadataBytes: 2_000 });
    expect(readPngHeader(withChunks(packed, packed, packed))).toMatchObject({ metadataBytes: 24_000_000 });
  });

  it('text counts behind the pixels as well', () => {
    const text = chunk('tEXt', Buffer.alloc(1_000, 65));
    const end = small.length - 12;
    const bytes = Buffer.concat([small.subarray(0, end), text, small.subarray(end)]);
    expect(readPngHeader(bytes)).toMatchObject({ metadataBytes: 1_000 });
  });
});
