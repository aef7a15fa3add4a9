import { type CommonHeader, upright, viewOf } from './common.ts';

/** What the blocks of a GIF say of the picture. */
export type GifHeader = CommonHeader<'gif'>;

/** Signature and logical screen descriptor. */
const screenBytes = 13;
const EXTENSION = 0x21;
const IMAGE = 0x2c;

/** Bytes of a colour table by the flags that announce it; 0 where there is none. */
const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1));

/** Reads the blocks of a GIF (GIF89a, 15 to 27); undefined when it ends before its first picture. */
export function readGifHeader(bytes: Uint8Array): GifHeader | undefined {
  const view = viewOf(bytes);
  let [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  let frames = 0;
  let at = screenBytes + tableBytes(view.getUint8(10));
  /** The offset behind a row of sub-blocks. */
  const skipBlocks = (from: number): number => {
    for (let next = from; ;) {
      const length = bytes[next];
      if (length === undefined || length === 0) return next + 1;
      next += 1 + length;
    }
  };
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === EXTENSION) at = skipBlocks(at + 2);
    else if (kind === IMAGE && at + 10 <= bytes.length) {
      // libnsgif makes the canvas as large as its first picture needs.
      if (frames === 0) {
        width = Math.max(width, view.getUint16(at + 1, true) + view.getUint16(at + 5, true));
        height = Math.max(height, view.getUint16(at + 3, true) + view.getUint16(at + 7, true));
      }
      frames += 1;
      at = skipBlocks(at + 10 + tableBytes(view.getUint8(at + 9)) + 1);
    } else break;
  }
  if (frames === 0) return undefined;
  return { format: 'gif', ...upright(width, height, 1), frames, channels: 4, bitDepth: 8, metadataBytes: 0 };
}
