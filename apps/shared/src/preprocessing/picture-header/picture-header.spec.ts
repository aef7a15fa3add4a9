import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { sniffImageFormat } from '../image-format.ts';
import { openImage } from '../sharp-runtime.ts';
import { isSrgbProfile } from '../srgb-profile.ts';
import { readPictureHeader, type PictureHeader } from './picture-header.ts';

/** What libvips says of a file that it decodes; undefined where it does not. */
async function libvipsOf(bytes: Uint8Array) {
  try {
    const { autoOrient, pages, space, icc } = await openImage(bytes).metadata();
    await openImage(bytes).resize(16, 16, { fit: 'fill' }).raw().toBuffer({ resolveWithObject: true });
    const hasSrgbProfile = icc !== undefined && isSrgbProfile(icc);
    return { ...autoOrient, frames: pages ?? 1, isRgb16: space === 'rgb16', hasSrgbProfile };
  } catch {
    return undefined;
  }
}

const comparable = ({ width, height, frames, bitDepth, channels, profile }: PictureHeader) => ({
  width,
  height,
  frames,
  isRgb16: bitDepth === 16 && channels >= 3,
  hasSrgbProfile: profile !== undefined && isSrgbProfile(profile),
});

const noise = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp(Buffer.from(Array.from({ length: width * height * channels }, (_, i) => (i * 7919) % 251)), {
    raw: { width, height, channels },
  });

/** Three frames that differ, since encoders merge equal ones. */
const animation = () => {
  const pixels = Buffer.from(Array.from({ length: 40 * 90 * 3 }, (_, i) => Math.floor(i / (40 * 30 * 3)) * 100));
  return sharp(pixels, { raw: { width: 40, height: 90, channels: 3, pageHeight: 30 } });
};

const encoders: Readonly<Record<string, () => Sharp>> = {
  jpeg: () => noise(61, 43).jpeg(),
  'progressive jpeg': () => noise(61, 43).jpeg({ progressive: true }),
  'grey jpeg': () => noise(61, 43).greyscale().jpeg(),
  'cmyk jpeg': () => noise(61, 43).toColourspace('cmyk').jpeg(),
  'jpeg turned by EXIF': () => noise(61, 43).withMetadata({ orientation: 6 }).jpeg(),
  'jpeg with a profile': () => noise(61, 43).withIccProfile('srgb').jpeg(),
  'jpeg of Display P3': () => noise(61, 43).withIccProfile('p3').jpeg(),
  png: () => noise(61, 43).png(),
  'interlaced png': () => noise(61, 43).png({ progressive: true }),
  'png with alpha': () => noise(61, 43, 4).png(),
  'palette png': () => noise(61, 43).png({ palette: true, colours: 4 }),
  '16-bit png': () => noise(61, 43).toColourspace('rgb16').png(),
  '16-bit grey png': () => noise(61, 43).toColourspace('grey16').png(),
  'png turned by EXIF': () => noise(61, 43).withMetadata({ orientation: 8 }).png(),
  'png with a profile': () => noise(61, 43).withIccProfile('srgb').png(),
  webp: () => noise(61, 43).webp(),
  'lossless webp': () => noise(61, 43).webp({ lossless: true }),
  'webp with alpha': () => noise(61, 43, 4).webp(),
  'webp turned by EXIF': () => noise(61, 43).withMetadata({ orientation: 5 }).webp(),
  'webp with a profile': () => noise(61, 43).withIccProfile('srgb').webp(),
  'animated webp': () => animation().webp(),
  gif: () => noise(61, 43).gif(),
  'animated gif': () => animation().gif(),
  avif: () => noise(61, 43).avif({ effort: 0 }),
  'avif with alpha': () => noise(61, 43, 4).avif({ effort: 0 }),
  'avif of 10 bits': () => noise(61, 43).avif({ effort: 0, bitdepth: 10 }),
  'avif turned by EXIF': () => noise(61, 43).withMetadata({ orientation: 6 }).avif({ effort: 0 }),
  'avif with a profile': () => noise(61, 43).withIccProfile('srgb').avif({ effort: 0 }),
};
const encoded = Object.entries(encoders).map(([name, encode]) => [name, () => encode().toBuffer()] as const);

const readFrom = (bytes: Uint8Array) => readPictureHeader(bytes, sniffImageFormat(bytes)!);

describe('the header of a picture, without decoding', () => {
  it.each(encoded)('agrees with libvips: %s', async (_, encode) => {
    const bytes = await encode();
    expect(comparable(readFrom(bytes)!)).toEqual(await libvipsOf(bytes));
  });

  it.each(encoded)('of every cut of a %s is a header or none, and nothing past the end is read', async (_, encode) => {
    const bytes = await encode();
    const step = Math.max(1, Math.floor(bytes.length / 500));
    for (let length = 16; length < bytes.length; length += step) {
      // A copy of its own, so that a read past the end cannot find the rest of the file.
      const cut = Uint8Array.from(bytes.subarray(0, length));
      if (sniffImageFormat(cut) !== undefined) expect(() => readFrom(cut)).not.toThrow();
    }
  });
});

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe.each([
  ['PAWL_TEST_PHOTOS', 'photographs'],
  ['PAWL_TEST_HOSTILE', 'images that break image services'],
])('over the files of %s', (variable, title) => {
  describeWhenSet(variable, title, (folder) => {
    it('what libvips decodes has a header, which agrees on the picture and has no fewer frames', async () => {
      const wrong: unknown[] = [];
      let decoded = 0;
      for (const file of filesUnder(folder)) {
        const bytes = readFileSync(file);
        if (sniffImageFormat(bytes) === undefined) continue;
        const libvips = await libvipsOf(bytes);
        if (libvips === undefined) continue;
        decoded += 1;
        const { frames, ...picture } = comparable(readFrom(bytes)!);
        const { frames: least, ...expected } = libvips;
        if (frames < least || JSON.stringify(sorted(picture)) !== JSON.stringify(sorted(expected)))
          wrong.push({ file, read: { ...picture, frames }, libvips });
      }
      expect(decoded).toBeGreaterThan(0);
      expect(wrong).toEqual([]);
    }, 600_000);
  });
});

const sorted = (value: object) => Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b));
