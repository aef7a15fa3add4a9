import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { readPictureHeader } from '@pawl/shared/preprocessing/picture-header/picture-header';
import type { Dataset } from './dataset.ts';

/** Pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** How `pawl data prepare` brings a photograph to its size. A service that does the same sees what was prepared. */
export const preparation = { fit: 'fill', kernel: 'lanczos3' } as const;

/**
 * The size that `pawl data prepare` brought photographs to; undefined for a data set that it did not make, of whose pictures
 * nobody knows whether they are originals.
 *
 * @throws CliError DATA_UNREADABLE.
 */
export async function preparedSize(dataset: Pick<Dataset, 'items' | 'read'>): Promise<PictureSize | undefined> {
  const first = dataset.items.find(({ source }) => source !== undefined);
  if (first === undefined) return undefined;
  return readPictureHeader(await dataset.read(first), 'png');
}

/**
 * Pure: why a model would not see prepared pictures as the service sees photographs, as a clause; undefined where it does. A
 * picture that was resized is not resized again: the service would resize the original once.
 */
export function resizedTwice(size: PictureSize | undefined, input: InputSpec): string | undefined {
  if (size === undefined) return undefined;
  const [is, takes] = [`${size.width} x ${size.height}`, `${input.width} x ${input.height}`];
  if (is !== takes)
    return `the data set was prepared at ${is} and the model takes ${takes}: its pictures are resized twice, and the service resizes a photograph once`;
  if (input.fit === preparation.fit && input.kernel === preparation.kernel) return undefined;
  return `the data set was prepared with ${preparation.fit} and ${preparation.kernel} and the service brings a photograph to ${takes} with ${input.fit} and ${input.kernel}`;
}
