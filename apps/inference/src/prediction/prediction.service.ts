import { Inject, Injectable } from '@nestjs/common';
import { type Answer, largest, toAnswer } from '@pawl/shared/execution/answer';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Classification } from '@pawl/shared/execution/image-task';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import type { ServedModel } from '../model/model-state.ts';
import { ModelService } from '../model/model.service.ts';
import { ImageScreen } from '../preprocessing/image-screen.ts';
import { PredictionMetrics } from './prediction-metrics.ts';
import { PredictionIds } from './prediction-id.ts';
import type { Prediction } from './prediction.schema.ts';

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

/** From the bytes of an image to the body of the answer. */
@Injectable()
export class PredictionService {
  readonly #model: ModelService;
  readonly #screen: ImageScreen;
  readonly #metrics: PredictionMetrics;
  readonly #ids: PredictionIds;
  readonly #deadlineMs: number;
  readonly #topLabels: number;

  constructor(
    model: ModelService,
    screen: ImageScreen,
    metrics: PredictionMetrics,
    ids: PredictionIds,
    @Inject(CONFIG) config: Config,
  ) {
    this.#model = model;
    this.#screen = screen;
    this.#metrics = metrics;
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
   * @param signal aborted when the client has gone.
   * @param top number of probabilities in the answer, the largest; 0: all.
   * @throws PawlError with the code of the failure.
   */
  async predict(
    chunks: readonly Uint8Array[],
    signal: AbortSignal,
    top: number = this.#topLabels,
  ): Promise<Prediction> {
    const model = this.#model.require();
    try {
      this.#screen.check(chunks);
      const classification = await this.#model.classify(chunks, { signal, deadlineMs: this.#deadlineMs });
      const answer = toAnswer(classification, model.manifest);
      if (answer === undefined)
        throw new PawlError('INFERENCE_FAILED', { message: 'The model gave no finite answer for this image.' });
      this.#metrics.imageClassified(answer, classification);
      return this.#body(model, answer, classification, top);
    } catch (error) {
      this.#metrics.imageRefused(error instanceof PawlError ? error.code : 'INTERNAL');
      throw error;
    }
  }

  #body(model: ServedModel, answer: Answer, { image }: Classification, top: number): Prediction {
    const { version, labels, labelNames } = model.manifest;
    const name = labelNames?.[answer.label];
    const probabilities = largest(answer, labels, top).map(([label, value]) => [
      `${label}_probability`,
      rounded(value),
    ]);
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
      prediction_id: this.#ids.issue(answer, version),
      ...(warnings === undefined ? {} : { warnings }),
    };
  }
}
