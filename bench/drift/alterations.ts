import sharp from 'sharp';

/** A way in which the pictures that users send may change. */
export interface Alteration {
  readonly name: string;
  /** The same picture as it would arrive then, encoded. */
  readonly apply: (bytes: Buffer) => Promise<Buffer>;
}

const jpeg = { quality: 90 };

export const alterations: readonly Alteration[] = [
  { name: 'blur (sigma 2)', apply: (bytes) => sharp(bytes).blur(2).jpeg(jpeg).toBuffer() },
  { name: 'noise (sigma 20)', apply: noisy },
  { name: 'half as bright', apply: (bytes) => sharp(bytes).linear(0.5, 0).jpeg(jpeg).toBuffer() },
  { name: 'JPEG quality 10', apply: (bytes) => sharp(bytes).jpeg({ quality: 10 }).toBuffer() },
  { name: 'grey', apply: (bytes) => sharp(bytes).grayscale().jpeg(jpeg).toBuffer() },
  {
    name: 'another camera (1280 wide)',
    apply: (bytes) => sharp(bytes).resize({ width: 1280 }).jpeg(jpeg).toBuffer(),
  },
];

/** Normal noise in every channel; the same each time. */
async function noisy(bytes: Buffer): Promise<Buffer> {
  const picture = sharp(bytes).removeAlpha();
  const { width, height } = await picture.metadata();
  const noise = await sharp({
    create: { width, height, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 20 }, background: '#000' },
  })
    .raw()
    .toBuffer();
  const { data, info } = await picture.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  for (let at = 0; at < data.length; at++)
    data[at] = Math.min(255, Math.max(0, (data[at] ?? 0) + (noise[at % noise.length] ?? 128) - 128));
  return await sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
    .jpeg(jpeg)
    .toBuffer();
}
