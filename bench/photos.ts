import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A photograph to measure with. */
export interface Photo {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Every photograph below a folder that the service takes (no BMP), at most 10 MB, in a fixed order. */
export function readPhotos(folder: string): Photo[] {
  const photos = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png|webp|avif|gif)$/i.test(name))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }))
    .filter(({ bytes }) => bytes.length <= 10_000_000);
  if (photos.length === 0) throw new Error(`${folder} holds no JPEG, PNG, WebP, GIF or AVIF`);
  return photos;
}
