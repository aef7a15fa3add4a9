import sharp from 'sharp';
import { readGifHeader } from './gif.ts';

describe('the blocks of a GIF', () => {
  it('the canvas is as large as the first picture needs, whatever the screen says', async () => {
    const gif = Buffer.from(
      await sharp({ create: { width: 30, height: 20, channels: 3, background: 'teal' } })
        .gif()
        .toBuffer(),
    );
    gif.writeUInt16LE(4, 6);
    gif.writeUInt16LE(4, 8);
    expect(readGifHeader(gif)).toMatchObject({ width: 30, height: 20, frames: 1 });
    expect(await sharp(gif).metadata()).toMatchObject({ width: 30, height: 20 });
  });

  it('one that ends before its first picture is none', () => {
    expect(readGifHeader(Buffer.from('GIF89a\x04\0\x04\0\0\0\0;', 'latin1'))).toBeUndefined();
  });
});
