import { Inject, Injectable } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import {
  adviceOnOtherFormat,
  describeFormat,
  describeOtherFormat,
  type ImageFormat,
  listFormats,
  sniffImageFormat,
} from '@pawl/shared/preprocessing/image-format';
import type { ImageLimits } from '@pawl/shared/preprocessing/limits';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { firstBytes } from './first-bytes.ts';
import { imageLimits } from './image-limits.ts';

/**
 * Checks an upload without decoding it: files that are no image, or of a format that is switched off, are refused here, on the main thread, before they enter
 * the queue. Everything that needs the picture itself (its header, its pixels) happens in the worker.
 */
@Injectable()
export class ImageScreen {
  readonly #limits: ImageLimits;
  readonly #formats: readonly ImageFormat[];

  constructor(@Inject(CONFIG) config: Config) {
    this.#limits = imageLimits(config);
    this.#formats = config.IMAGE_FORMATS;
  }

  /** @throws PawlError FILE_EMPTY, FILE_TOO_LARGE or IMAGE_FORMAT_UNSUPPORTED. */
  check(chunks: readonly Uint8Array[]): void {
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (size === 0) throw new PawlError('FILE_EMPTY', { message: 'The file has 0 bytes.' });
    if (size > this.#limits.maxBytes)
      throw new PawlError('FILE_TOO_LARGE', { message: `The file has more than ${this.#limits.maxBytes} bytes.` });
    this.#checkFormat(firstBytes(chunks));
  }

  #checkFormat(bytes: Uint8Array): void {
    const format = sniffImageFormat(bytes);
    if (format !== undefined && this.#formats.includes(format)) return;
    const supported = listFormats(this.#formats);
    if (format !== undefined)
      throw new PawlError('IMAGE_FORMAT_UNSUPPORTED', {
        message: `The file is ${describeFormat(format).name}, which is switched off in this service.`,
        hint: `Send the picture as ${supported}.`,
      });
    const what = describeOtherFormat(bytes) ?? 'not an image that is known here';
    throw new PawlError('IMAGE_FORMAT_UNSUPPORTED', {
      message: `The file is ${what}, by its first bytes; expected ${supported}.`,
      hint: adviceOnOtherFormat(bytes) ?? `Send the picture as ${supported}.`,
    });
  }
}
