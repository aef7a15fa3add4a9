import { Inject, Injectable } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { formatNames, sniffImageFormat, SUPPORTED_HINT } from '@pawl/shared/preprocessing/image-format';
import type { ImageLimits } from '@pawl/shared/preprocessing/limits';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { imageLimits } from './image-limits.ts';

/** Bytes that are enough to tell every supported format. */
const SIGNATURE_BYTES = 64;

/**
 * Checks an upload without decoding it: files that are no image are refused here, on the main thread, before they enter
 * the queue. Everything that needs the picture itself (its header, its pixels) happens in the worker.
 */
@Injectable()
export class ImageScreen {
  readonly #limits: ImageLimits;

  constructor(@Inject(CONFIG) config: Config) {
    this.#limits = imageLimits(config);
  }

  /** @throws PawlError FILE_EMPTY, FILE_TOO_LARGE or IMAGE_FORMAT_UNSUPPORTED. */
  check(chunks: readonly Uint8Array[]): void {
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (size === 0) throw new PawlError('FILE_EMPTY', { message: 'The file has 0 bytes.' });
    if (size > this.#limits.maxBytes)
      throw new PawlError('FILE_TOO_LARGE', { message: `The file has more than ${this.#limits.maxBytes} bytes.` });
    if (sniffImageFormat(head(chunks)) === undefined)
      throw new PawlError('IMAGE_FORMAT_UNSUPPORTED', {
        message: `The content is not a ${formatNames} image.`,
        hint: SUPPORTED_HINT,
      });
  }
}

/** The first bytes; they may be spread over several chunks. */
function head(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && first.byteLength >= SIGNATURE_BYTES) return first;
  return Buffer.concat(chunks.slice(0, SIGNATURE_BYTES)).subarray(0, SIGNATURE_BYTES);
}
