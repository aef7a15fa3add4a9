import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { CLOCK, CONFIG } from '../../config/config.module.ts';
import type { Config } from '../../config/config.schema.ts';
import { MetricFactory } from '../../metrics/metric-factory.ts';
import { firstBytes } from '../../preprocessing/first-bytes.ts';
import { bodyKind, notAnImageButAForm } from './body-kind.ts';
import { readJsonText } from './json-reader.ts';
import { watchRate } from './minimum-rate.ts';
import { assertMultipartLength, readMultipart } from './multipart-reader.ts';
import { readRaw } from './raw-reader.ts';
import { UploadBudget, type UploadReservation } from './upload-budget.ts';
import { fileTooLarge, type UploadedFile, type UploadLimits } from './uploaded-file.ts';

/** Reads the images of a request body of any supported form, or JSON, within limits of bytes and time. */
@Injectable()
export class UploadReader {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #budget: UploadBudget;

  constructor(@Inject(CONFIG) config: Config, metrics: MetricFactory, @Inject(CLOCK) clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    const buffered = metrics.gauge({
      suffix: 'upload_buffered_bytes',
      help: 'Bytes of uploads held in memory.',
      labels: [],
    });
    this.#budget = new UploadBudget({
      limit: config.UPLOAD_MEMORY_BYTES,
      onChange: (held) => {
        buffered.set(held);
      },
      clock,
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
    const limits: UploadLimits = { maxFileBytes: this.#config.IMAGE_MAX_BYTES, maxFiles };
    return this.#hold(request, signal, (reservation) => this.#readFiles(request, limits, reservation), use);
  }

  /**
   * Reads the text of a JSON body, lets `use` work with it and forgets it.
   * @param maxBytes most bytes of the body.
   * @param signal aborted when the client has gone.
   * @throws PawlError with a 4xx code; and the errors of `use`.
   */
  async withJson<T>(
    request: IncomingMessage,
    maxBytes: number,
    signal: AbortSignal,
    use: (text: Buffer) => Promise<T>,
  ): Promise<T> {
    return this.#hold(request, signal, (reservation) => readJsonText(request, maxBytes, reservation), use);
  }

  /** Reads a body within the limits of memory and time, and counts its memory until `use` is done. */
  async #hold<B, T>(
    request: IncomingMessage,
    signal: AbortSignal,
    read: (reservation: UploadReservation) => Promise<B>,
    use: (body: B) => Promise<T>,
  ): Promise<T> {
    const broken = Promise.withResolvers<never>();
    // Nobody may be waiting for it any more when it is rejected.
    broken.promise.catch(() => undefined);
    const reservation = this.#budget.reserve(broken.reject);
    try {
      const body = await this.#whileArriving(request, signal, reservation, broken, () => read(reservation));
      reservation.complete();
      return await use(body);
    } finally {
      reservation.release();
    }
  }

  async #whileArriving<B>(
    request: IncomingMessage,
    signal: AbortSignal,
    reservation: UploadReservation,
    broken: PromiseWithResolvers<never>,
    read: () => Promise<B>,
  ): Promise<B> {
    const timeoutMs = this.#config.UPLOAD_TIMEOUT_MS;
    const cancelTimeout = this.#clock.schedule(timeoutMs, () => {
      broken.reject(new PawlError('UPLOAD_TIMEOUT', { message: `The body did not arrive within ${timeoutMs} ms.` }));
    });
    const stopWatching = watchRate(this.#clock, this.#config.UPLOAD_MIN_BYTES_PER_SECOND, reservation, broken.reject);
    const onGone = (): void => {
      broken.reject(
        new PawlError('UPLOAD_INCOMPLETE', { message: 'The connection ended before the whole body arrived.' }),
      );
    };
    signal.addEventListener('abort', onGone);
    // A body that breaks off is an error of the stream first and, a moment later, an abort.
    request.on('error', onGone);
    try {
      return await Promise.race([read(), broken.promise]);
    } finally {
      cancelTimeout();
      stopWatching();
      signal.removeEventListener('abort', onGone);
    }
  }

  async #readFiles(
    request: IncomingMessage,
    limits: UploadLimits,
    reservation: UploadReservation,
  ): Promise<UploadedFile[]> {
    const kind = bodyKind(request.headers);
    const announced = Number(request.headers['content-length'] ?? 0);
    if (kind === 'multipart') {
      assertMultipartLength(announced, limits);
      return readMultipart(request, limits, reservation);
    }
    if (announced > limits.maxFileBytes) throw fileTooLarge(limits.maxFileBytes);
    const files = await readRaw(request, limits.maxFileBytes, reservation);
    if (kind === 'mislabelled' && sniffImageFormat(firstBytes(files[0]?.chunks ?? [])) === undefined)
      throw notAnImageButAForm();
    return files;
  }
}
