import type { IncomingMessage, ServerResponse } from 'node:http';
import { All, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import type { ErrorBody, Prediction } from '../prediction/prediction.schema.ts';
import { PredictionService } from '../prediction/prediction.service.ts';
import { errorBody, toPawlError } from './error.filter.ts';
import { requestContext } from './request-context.ts';
import { topOf } from './top-query.ts';
import { UploadReader } from './upload/upload-reader.ts';
import type { UploadedFile } from './upload/uploaded-file.ts';

/** The routes that classify images. HTTP only: what happens to an image is {@link PredictionService}'s. */
@Controller('predict')
export class PredictController {
  readonly #predictions: PredictionService;
  readonly #uploads: UploadReader;
  readonly #config: Config;

  constructor(predictions: PredictionService, uploads: UploadReader, @Inject(CONFIG) config: Config) {
    this.#predictions = predictions;
    this.#uploads = uploads;
    this.#config = config;
  }

  /** One image: multipart field `file`, or the image as the body. */
  @Post()
  @HttpCode(200)
  async predict(@Req() request: IncomingMessage): Promise<Prediction> {
    const context = requestContext(request);
    const { gone, log } = context;
    const top = topOf(request);
    this.#predictions.assertOpen();
    return this.#uploads.with(request, 1, gone, async (files) => {
      const file = files[0] as UploadedFile;
      log.file = file.name;
      if (file.error !== undefined) throw file.error;
      const prediction = await this.#predictions.predict(file.chunks, context, top);
      log.label = prediction.label;
      log.confidence = prediction.confidence;
      if (prediction.abstained !== undefined) log.abstained = prediction.abstained;
      return prediction;
    });
  }

  /** Several images in one request, each with its own answer or error, in the order they were sent. */
  @Post('batch')
  @HttpCode(200)
  async batch(@Req() request: IncomingMessage): Promise<{ predictions: (Prediction | ErrorBody)[] }> {
    const context = requestContext(request);
    const { gone, log, id } = context;
    const top = topOf(request);
    this.#predictions.assertOpen();
    return this.#uploads.with(request, this.#config.BATCH_MAX_IMAGES, gone, async (files) => {
      log.images = files.length;
      // All or none: after a batch that is refused in half, the client would have to send that half again.
      this.#predictions.assertOpen(files.length);
      const predictions = files.map(async (file) => {
        try {
          if (file.error !== undefined) throw file.error;
          return await this.#predictions.predict(file.chunks, context, top);
        } catch (error) {
          return errorBody(toPawlError(error), id);
        }
      });
      return { predictions: await Promise.all(predictions) };
    });
  }

  /** Any other method on the two routes. */
  @All(['', 'batch'])
  other(@Res({ passthrough: true }) response: ServerResponse): never {
    response.setHeader('Allow', 'POST');
    throw new PawlError('METHOD_NOT_ALLOWED', { message: 'This route takes POST only.' });
  }
}
