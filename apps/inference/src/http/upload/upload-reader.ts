import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { CONFIG } from '../../config/config.module.ts';
import type { Config } from '../../config/config.schema.ts';
import { MetricFactory } from '../../metrics/metric-factory.ts';
import { fileTooLarge, readMultipart } from './multipart-reader.ts';
import { readRaw } from './raw-reader.ts';
import { UploadBudget, type UploadReservation } from './upload-budget.ts';
import type { UploadedFile, UploadLimits } from './uploaded-file.ts';

/** Room for boundaries, part headers and small fields beside the files of a multipart body, bytes. */
const MULTIPART_OVERHEAD = 100_000;

/** Reads the images of a request body of any supported form, within limits of bytes and time. */
@Injectable()
export class UploadReader {
  readonly #config: Config;
  readonly #budget: UploadBudget;

  constructor(@Inject(CONFIG) config: Config, metrics: MetricFactory) {
    this.#config = config;
    const buffered = metrics.gauge({
      suffix: 'upload_buffered_bytes',
      help: 'Bytes of uploads held in memory.',
      labels: [],
    });
    this.#budget = new UploadBudget(config.UPLOAD_MEMORY_BYTES, (held) => {
      buffered.set(held);
    });
  }

  /**
   * Reads the files, lets `use` work with them and forgets them.
   * @param maxFiles most files that the route takes.
   * @param signal aborted when the client has gone.
   * @throws PawlError with a 4xx code; and the errors of `use`.
   */
  async with<T>(
    request: IncomingMessage,
    maxFiles: number,
    signal: AbortSignal,
    use: (files: readonly UploadedFile[]) => Promise<T>,
  ): Promise<T> {
    const reservation = this.#budget.reserve();
    try {
      return await use(await this.#read(request, maxFiles, signal, reservation));
    } finally {
      reservation.release();
    }
  }

  async #read(
    request: IncomingMessage,
    maxFiles: number,
    signal: AbortSignal,
    reservation: UploadReservation,
  ): Promise<UploadedFile[]> {
    const limits: UploadLimits = { maxFileBytes: this.#config.IMAGE_MAX_BYTES, maxFiles };
    const timeoutMs = this.#config.UPLOAD_TIMEOUT_MS;
    const broken = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      broken.reject(new PawlError('UPLOAD_TIMEOUT', { message: `The body did not arrive within ${timeoutMs} ms.` }));
    }, timeoutMs);
    const onGone = (): void => {
      broken.reject(
        new PawlError('UPLOAD_INCOMPLETE', { message: 'The connection ended before the whole body arrived.' }),
      );
    };
    signal.addEventListener('abort', onGone);
    // A body that breaks off is an error of the stream first and, a moment later, an abort.
    request.on('error', onGone);
    try {
      return await Promise.race([this.#readBody(request, limits, reservation), broken.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onGone);
    }
  }

  async #readBody(
    request: IncomingMessage,
    limits: UploadLimits,
    reservation: UploadReservation,
  ): Promise<UploadedFile[]> {
    const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const announced = Number(request.headers['content-length'] ?? 0);
    if (type === 'multipart/form-data') {
      if (announced > limits.maxFileBytes * limits.maxFiles + MULTIPART_OVERHEAD)
        throw limits.maxFiles === 1
          ? fileTooLarge(limits.maxFileBytes)
          : new PawlError('REQUEST_TOO_LARGE', { message: `The body of ${announced} bytes is larger than allowed.` });
      return readMultipart(request, limits, reservation);
    }
    if (type.startsWith('image/') || type === 'application/octet-stream') {
      if (announced > limits.maxFileBytes) throw fileTooLarge(limits.maxFileBytes);
      return readRaw(request, limits.maxFileBytes, reservation);
    }
    throw new PawlError('CONTENT_TYPE_UNSUPPORTED', {
      message:
        type === ''
          ? 'The request has no Content-Type.'
          : `The Content-Type ${JSON.stringify(type.slice(0, 100))} is not supported.`,
    });
  }
}
