import { Coalescer } from './coalescer.ts';

/** Pushes the chunks; what came out and what was reserved. */
function coalesce(chunks: readonly Uint8Array[], maxBlockBytes = 65_536) {
  const pieces: Uint8Array[] = [];
  let reserved = 0;
  let emitted = 0;
  const coalescer = new Coalescer({
    reserve: (bytes) => (reserved += bytes),
    emit: (piece, cost) => {
      pieces.push(piece);
      emitted += cost;
    },
    maxBlockBytes,
  });
  for (const chunk of chunks) coalescer.push(chunk);
  coalescer.flush();
  return { pieces, reserved, emitted };
}

/** Bytes that each tell their place, cut into chunks of a size. */
const cut = (total: number, size: number): Buffer[] => {
  const whole = Buffer.from(Array.from({ length: total }, (_, index) => index % 251));
  return Array.from({ length: Math.ceil(total / size) }, (_, index) =>
    Buffer.from(whole.subarray(index * size, (index + 1) * size)),
  );
};
/** What really stays in memory: every buffer once. */
const keptBytes = (pieces: readonly Uint8Array[]) =>
  [...new Set(pieces.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('Coalescer', () => {
  it.each([1, 2, 7, 1_460, 4_095, 4_096, 4_097, 8_191, 8_192, 65_536])(
    'gives the bytes back, from chunks of %i',
    (size) => {
      const chunks = cut(200_000, size);
      const { pieces } = coalesce(chunks);
      expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
    },
  );

  it('makes few pieces of many chunks, and reserves what they keep', () => {
    const { pieces, reserved, emitted } = coalesce(cut(1_000_000, 1));
    expect(pieces.length).toBeLessThan(25);
    expect(reserved).toBeGreaterThanOrEqual(keptBytes(pieces));
    expect(reserved).toBeLessThan(1_100_000);
    expect(emitted).toBe(reserved);
  });

  it('does not copy a large chunk', () => {
    const [chunk] = cut(65_536, 65_536);
    expect(coalesce([chunk!]).pieces[0]).toBe(chunk);
  });

  it('copies a small view of a large buffer, which would keep all of it', () => {
    const views = Array.from({ length: 100 }, () => Buffer.alloc(65_536).subarray(0, 10_000));
    const { pieces, reserved } = coalesce(views);
    expect(keptBytes(pieces)).toBeLessThan(1_100_000);
    expect(reserved).toBeGreaterThanOrEqual(keptBytes(pieces));
  });

  it('reserves the whole buffer of a view that it keeps', () => {
    const { reserved } = coalesce([Buffer.alloc(65_536).subarray(0, 40_000)]);
    expect(reserved).toBeGreaterThanOrEqual(65_536);
  });

  it('takes no memory that was refused', () => {
    const coalescer = new Coalescer({
      reserve: () => {
        throw new Error('full');
      },
      emit: () => {
        throw new Error('emitted');
      },
      maxBlockBytes: 65_536,
    });
    for (const chunk of [Buffer.alloc(1), Buffer.alloc(65_536)])
      expect(() => {
        coalescer.push(chunk);
      }).toThrow('full');
  });
});
