import sharp from 'sharp';
import { readWebpHeader } from './webp.ts';

const flat = () => sharp({ create: { width: 30, height: 20, channels: 3, background: 'teal' } });

describe('the chunks of a WebP', () => {
  it.each([
    ['lossy', {}, false],
    ['lossless', { lossless: true }, true],
  ])('tell whether it is decoded whole: %s', async (_, options, isWhole) => {
    expect(readWebpHeader(await flat().webp(options).toBuffer())).toMatchObject({ width: 30, height: 20, isWhole });
  });

  it('count frames and metadata', async () => {
    // Frames that differ, since the encoder merges equal ones.
    const pixels = Buffer.from(Array.from({ length: 30 * 60 * 3 }, (_, i) => Math.floor(i / (30 * 20 * 3)) * 100));
    const frames = sharp(pixels, { raw: { width: 30, height: 60, channels: 3, pageHeight: 20 } });
    expect(readWebpHeader(await frames.webp().toBuffer())).toMatchObject({ isWhole: true, height: 20, frames: 3 });
    const tagged = readWebpHeader(await flat().withIccProfile('p3').webp().toBuffer());
    expect(tagged?.metadataBytes).toBe(tagged?.profile?.length);
  });
});
