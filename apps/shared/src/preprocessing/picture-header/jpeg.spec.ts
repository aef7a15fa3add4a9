import sharp from 'sharp';
import { withOrientation } from '../test/jpeg.ts';
import { readJpegHeader } from './jpeg.ts';

const flat = (width = 48, height = 32) => sharp({ create: { width, height, channels: 3, background: 'teal' } });
const startOfScan = Buffer.of(0xff, 0xda);

describe('the markers of a JPEG', () => {
  it('say size and orientation in either byte order, at any place of the walk', async () => {
    for (const order of ['II', 'MM'] as const)
      expect(readJpegHeader(withOrientation(await flat().jpeg().toBuffer(), 6, order))).toMatchObject({
        width: 32,
        height: 48,
        storedWidth: 48,
        storedHeight: 32,
      });
  });

  it('are found behind fill bytes and stray bytes', async () => {
    const jpeg = await flat().jpeg().toBuffer();
    const padded = Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0x12, 0x34, 0xff, 0xff), jpeg.subarray(2)]);
    expect(readJpegHeader(padded)).toMatchObject({ width: 48, height: 32, scans: 1 });
  });

  it('count the scans: one of a baseline file, several of a progressive one', async () => {
    expect(readJpegHeader(await flat().jpeg().toBuffer())).toMatchObject({ scans: 1, heldCoefficients: 0 });
    expect(readJpegHeader(await flat().jpeg({ progressive: true }).toBuffer())?.scans).toBeGreaterThan(5);
  });

  it('of a bomb count every scan', async () => {
    const jpeg = await flat().jpeg({ progressive: true }).toBuffer();
    const scans = readJpegHeader(jpeg)!.scans;
    const last = jpeg.lastIndexOf(startOfScan);
    const scan = jpeg.subarray(last, jpeg.length - 2);
    const bomb = Buffer.concat([
      jpeg.subarray(0, last),
      ...Array.from({ length: 5_000 }, () => scan),
      Buffer.of(0xff, 0xd9),
    ]);
    expect(readJpegHeader(bomb)).toMatchObject({ scans: scans - 1 + 5_000 });
  });

  it('leave out the scans of a thumbnail and of what follows the picture, as the video of a phone', async () => {
    const jpeg = await flat().jpeg().toBuffer();
    const thumbnail = Buffer.concat([
      Buffer.of(0xff, 0xe5, 0, 42),
      Buffer.concat(Array.from({ length: 20 }, () => startOfScan)),
    ]);
    const appended = Buffer.concat([
      jpeg.subarray(0, 2),
      thumbnail,
      jpeg.subarray(2),
      ...Array.from({ length: 500 }, () => startOfScan),
    ]);
    expect(readJpegHeader(appended)).toMatchObject({ scans: 1 });
  });

  it('tell how many coefficients are held until the last scan, in whole blocks', async () => {
    const whole = readJpegHeader(await flat(33, 17).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer());
    expect(whole?.heldCoefficients).toBe(40 * 24 * 3);
    const halved = readJpegHeader(await flat(33, 17).jpeg({ progressive: true }).toBuffer());
    // Units of 16 x 16: 48 x 32 of light, a quarter each of the two colours.
    expect(halved?.heldCoefficients).toBe(48 * 32 * 1.5);
  });

  it('a sequential file whose first scan lacks a component is held whole too', async () => {
    const jpeg = Buffer.from(await flat().jpeg().toBuffer());
    jpeg[jpeg.indexOf(startOfScan) + 4] = 1;
    expect(readJpegHeader(jpeg)?.heldCoefficients).toBeGreaterThan(0);
  });
});
