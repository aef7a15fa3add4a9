import sharp, { type Sharp } from 'sharp';

/** A picture without content, of which a file of any size is small. */
export const flat = (width: number, height: number, channels: 3 | 4 = 3): Sharp =>
  sharp({
    create: { width, height, channels, background: { r: 200, g: 130, b: 60, alpha: 0.5 } },
    limitInputPixels: false,
  });

/** A picture whose content leaves no decoder a short cut. */
export const noise = (width: number, height: number, channels: 3 | 4 = 3): Sharp => {
  const opaque = sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#c84',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
    limitInputPixels: false,
  });
  return channels === 4 ? opaque.ensureAlpha(0.5) : opaque;
};

/** Of each format what costs it most, of about so many pixels. */
export const costlyPictures = (pixels: number): Readonly<Record<string, () => Sharp>> => {
  const side = Math.round(Math.sqrt(pixels));
  const avif = { effort: 0, quality: 30 };
  return {
    'JPEG, baseline': () => noise(side, side).jpeg(),
    'JPEG, progressive 4:2:0': () => noise(side, side).jpeg({ progressive: true }),
    'JPEG, progressive 4:4:4': () => noise(side, side).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
    'JPEG, progressive CMYK': () => flat(side, side).toColourspace('cmyk').jpeg({ progressive: true }),
    'JPEG, long rows': () => flat(Math.min(65_000, Math.round(pixels / 300)), 300).jpeg(),
    'PNG, 8 bits': () => noise(side, side).png({ compressionLevel: 1 }),
    'PNG, interlaced 8 bits': () => noise(side, side).png({ progressive: true, compressionLevel: 1 }),
    'PNG, interlaced 16 bits with alpha': () => flat(side, side, 4).toColourspace('rgb16').png({ progressive: true }),
    'PNG, long rows': () => flat(Math.round(pixels / 300), 300).png(),
    'PNG, long rows, 16 bits with alpha': () =>
      flat(Math.round(pixels / 40), 40, 4)
        .toColourspace('rgb16')
        .png(),
    'WebP, lossy': () => noise(side, side).webp({ effort: 0 }),
    'WebP, lossy with alpha': () => noise(side, side, 4).webp({ effort: 0 }),
    'WebP, lossless': () => noise(side, side).webp({ lossless: true, effort: 0 }),
    GIF: () => flat(side, side).gif({ effort: 1 }),
    'AVIF, 4:2:0': () => noise(side, side).avif({ ...avif, chromaSubsampling: '4:2:0' }),
    'AVIF, 4:4:4': () => noise(side, side).avif({ ...avif, chromaSubsampling: '4:4:4' }),
    'AVIF, 4:2:0 of 10 bits': () => noise(side, side).avif({ ...avif, bitdepth: 10, chromaSubsampling: '4:2:0' }),
    'AVIF, 4:4:4 of 12 bits with alpha': () =>
      noise(side, side, 4).avif({ ...avif, bitdepth: 12, chromaSubsampling: '4:4:4' }),
  };
};
