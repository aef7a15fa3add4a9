import { frameHeader, FrameReader } from './frames.ts';

const frameOf = (text: string): Buffer => Buffer.concat([frameHeader(Buffer.byteLength(text)), Buffer.from(text)]);

/** The frames that a reader gives, as text, for bytes in pieces of a size. */
function read(bytes: Buffer, pieceBytes: number, maxBytes = 1_000): string[] {
  const reader = new FrameReader(maxBytes);
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    reader.push(bytes.subarray(at, at + pieceBytes), (frame) => frames.push(Buffer.from(frame).toString()));
  return frames;
}

describe('FrameReader', () => {
  const sent = ['one', '', 'three '.repeat(40), 'x'];
  const bytes = Buffer.concat(sent.map(frameOf));

  it.each([1, 2, 3, 5, 64, 10_000])('gives the frames whole from pieces of %i bytes', (pieceBytes) => {
    expect(read(bytes, pieceBytes)).toEqual(sent);
  });

  it('gives none before it is whole', () => {
    expect(read(frameOf('hello').subarray(0, -1), 3)).toEqual([]);
  });

  it('gives each alone in its own buffer', () => {
    const reader = new FrameReader(10);
    const frames: Uint8Array[] = [];
    reader.push(Buffer.concat([frameOf('a'), frameOf('bc')]), (frame) => frames.push(frame));
    expect(frames.map(({ buffer }) => buffer.byteLength)).toEqual([1, 2]);
  });

  it('takes no frame that is longer than agreed', () => {
    expect(() => read(frameOf('12345'), 100, 4)).toThrow(RangeError);
    expect(read(frameOf('1234'), 100, 4)).toEqual(['1234']);
  });
});
