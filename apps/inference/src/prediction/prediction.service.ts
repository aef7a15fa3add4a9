import { Inject, Injectable } from '@nestjs/common';
import { largest, toAnswer } from '@pawl/shared/execution/answer';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { ModelService } from '../model/model.service.ts';
import { ImageScreen } from '../preprocessing/image-screen.ts';
import {
  PREDICTION_OBSERVERS,
  type PredictionEvent,
  type PredictionObserver,
} from '../observation/prediction-event.ts';
import type { PredictionRequest } from '../observation/prediction-request.ts';
import { PredictionIds } from './prediction-id.ts';
import type { Prediction } from './prediction.schema.ts';

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

/** From the bytes of an image to the body of the answer. */
@Injectable()
export class PredictionService {
  readonly #model: ModelService;
  readonly #screen: ImageScreen;
  readonly #observers: readonly PredictionObserver[];
  readonly #ids: PredictionIds;
  readonly #deadlineMs: number;
  readonly #topLabels: number;

  constructor(
    model: ModelService,
    screen: ImageScreen,
    @Inject(PREDICTION_OBSERVERS) observers: readonly PredictionObserver[],
    ids: PredictionIds,
    @Inject(CONFIG) config: Config,
  ) {
    this.#model = model;
    this.#screen = screen;
    this.#observers = observers;
    this.#ids = ids;
    this.#deadlineMs = config.REQUEST_DEADLINE_MS;
    this.#topLabels = config.TOP_LABELS;
  }

  /**
   * Refuses early, before a body is read.
   * @throws PawlError MODEL_NOT_READY or OVERLOADED.
   */
  assertOpen(images = 1): void {
    this.#model.require();
    if (!this.#model.hasRoom(images)) throw new PawlError('OVERLOADED', { message: 'The queue of images is full.' });
  }

  /**
   * Classifies one image.
   * @param chunks the encoded image, as it arrived.
   * @param request it came with; its `gone` gives the image up.
   * @param top number of probabilities in the answer, the largest; 0: all.
   * @throws PawlError with the code of the failure.
   */
  async predict(
    chunks: readonly Uint8Array[],
    request: PredictionRequest,
    top: number = this.#topLabels,
  ): Promise<Prediction> {
    const model = this.#model.require();
    try {
      this.#screen.check(chunks);
      const begunAt = performance.now();
      const interest = { signal: request.gone, deadlineMs: this.#deadlineMs };
      const classification = await this.#model.classify(chunks, interest);
      const answer = toAnswer(classification, model.manifest);
      if (answer === undefined)
        throw new PawlError('INFERENCE_FAILED', { message: 'The model gave no finite answer for this image.' });
      const predictionId = this.#ids.issue(answer, model.manifest);
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      const event: PredictionEvent = { model, answer, classification, bytes, predictionId, request, begunAt };
      for (const observer of this.#observers) observer.classified(event);
      return bodyOf(event, top);
    } catch (error) {
      const code = error instanceof PawlError ? error.code : 'INTERNAL';
      for (const observer of this.#observers) observer.refused?.(code);
      throw error;
    }
  }
}

/** The answer to a client. @param top number of probabilities, the largest; 0: all. */
function bodyOf({ model, answer, classification, predictionId }: PredictionEvent, top: number): Prediction {
  const { image } = classification;
  const { version, labels, labelNames } = model.manifest;
  const name = labelNames?.[answer.label];
  const probabilities = largest(answer, labels, top).map(([label, value]) => [`${label}_probability`, rounded(value)]);
  const warnings =
    image.frames > 1 ? [`The image is an animation of ${image.frames} frames; only the first was used.`] : undefined;
  return {
    label: answer.label,
    ...(name !== undefined && { label_name: name }),
    confidence: rounded(answer.confidence),
    ...(Object.fromEntries(probabilities) as Record<string, number>),
    ...(answer.abstained !== undefined && { abstained: answer.abstained }),
    model_version: version,
    model_digest: model.digest,
    prediction_id: predictionId,
    ...(warnings === undefined ? {} : { warnings }),
  };
}
