import sharp from 'sharp';
import { readAvifHeader } from './avif.ts';

const flat = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background: { r: 9, g: 99, b: 9, alpha: 0.5 } } });

/** A box of an ISO media file; a full one begins with its version and flags. */
const box = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint(content.length + 8, 4), Buffer.from(type, 'latin1'), content]);
};
const uint = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};
const full = (version = 0, flags = 0) => uint(version * 0x100_0000 + flags, 4);

/** An AVIF of one grid over tiles of another size, each tile as often as `uses` says. */
function grid(canvas: readonly [number, number], tile: readonly [number, number], uses: number): Buffer {
  const item = (id: number, type: string) => box('infe', full(2), uint(id, 2), uint(0, 2), Buffer.from(`${type}\0`));
  const ispe = ([width, height]: readonly [number, number]) => box('ispe', full(), uint(width, 4), uint(height, 4));
  const uses2 = Array.from({ length: uses }, () => uint(2, 2));
  const meta = box(
    'meta',
    full(),
    box('pitm', full(), uint(1, 2)),
    box('iinf', full(), uint(2, 2), item(1, 'grid'), item(2, 'av01')),
    box('iref', full(), box('dimg', uint(1, 2), uint(uses, 2), ...uses2)),
    box(
      'iprp',
      box('ipco', ispe(canvas), ispe(tile)),
      box('ipma', full(), uint(2, 4), uint(1, 2), Buffer.of(1, 0x81), uint(2, 2), Buffer.of(1, 0x82)),
    ),
  );
  return Buffer.concat([box('ftyp', Buffer.from('avif\0\0\0\0avifmif1')), meta]);
}

describe('the boxes of an AVIF', () => {
  it.each([
    ['4:2:0', { chromaSubsampling: '4:2:0' }, { isSubsampled: true, bitDepth: 8 }],
    ['4:4:4', { chromaSubsampling: '4:4:4' }, { isSubsampled: false, bitDepth: 8 }],
    ['12 bits', { chromaSubsampling: '4:4:4', bitdepth: 12 }, { isSubsampled: false, bitDepth: 16 }],
  ] as const)('say how it is coded: %s', async (_, options, expected) => {
    const bytes = await flat(40, 30)
      .avif({ effort: 0, ...options })
      .toBuffer();
    expect(readAvifHeader(bytes)).toMatchObject({ width: 40, height: 30, largestPixels: 1200, ...expected });
  });

  it('alpha is decoded as well', async () => {
    const [opaque, clear] = [await flat(40, 30).avif().toBuffer(), await flat(40, 30, 4).avif().toBuffer()];
    expect(readAvifHeader(opaque)).toMatchObject({ channels: 3, codedPixels: 1200 });
    expect(readAvifHeader(clear)).toMatchObject({ channels: 4, codedPixels: 2400 });
  });

  it('the largest picture of the file counts, not only the one that is shown', () => {
    expect(readAvifHeader(grid([100, 100], [5000, 4000], 4))).toMatchObject({
      width: 100,
      height: 100,
      largestPixels: 20_000_000,
    });
  });

  it('a tile is decoded as often as it is used', () => {
    expect(readAvifHeader(grid([100, 100], [1000, 1000], 5_000))).toMatchObject({ codedPixels: 5_000_000_000 });
  });
});

describe('a file that is made to take time', () => {
  /** Levels of pictures, each made of all of the next level: 200 to the power of 4 ways through them. */
  function ladder(): Buffer {
    const [levels, wide] = [5, 200];
    const id = (level: number, index: number) => uint(1 + level * wide + index, 2);
    const items: Buffer[] = [];
    const references: Buffer[] = [];
    for (let level = 0; level < levels; level++)
      for (let index = 0; index < wide; index++) {
        items.push(box('infe', full(2), id(level, index), uint(0, 2), Buffer.from('grid\0')));
        const next = Array.from({ length: wide }, (_, each) => id(level + 1, each));
        if (level < levels - 1) references.push(box('dimg', id(level, index), uint(wide, 2), ...next));
      }
    const ispe = box('ispe', full(), uint(64, 4), uint(64, 4));
    const associations = Array.from({ length: levels * wide }, (_, index) =>
      Buffer.concat([uint(1 + index, 2), Buffer.of(1, 0x81)]),
    );
    const meta = box(
      'meta',
      full(),
      box('pitm', full(), uint(1, 2)),
      box('iinf', full(), uint(items.length, 2), ...items),
      box('iref', full(), ...references),
      box('iprp', box('ipco', ispe), box('ipma', full(), uint(associations.length, 4), ...associations)),
    );
    return Buffer.concat([box('ftyp', Buffer.from('avif\0\0\0\0avifmif1')), meta]);
  }

  it('has every picture looked at once', () => {
    expect(() => readAvifHeader(ladder())).toThrow(RangeError);
  });

  it('a picture that is made of itself is endless', () => {
    const bytes = grid([100, 100], [10, 10], 4);
    // The first of the four tiles becomes the grid itself.
    const at = bytes.indexOf('dimg') + 4 + 4;
    bytes.writeUInt16BE(1, at);
    expect(readAvifHeader(bytes)).toMatchObject({ codedPixels: Infinity });
  });
});
