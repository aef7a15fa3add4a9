import type { ErrorCode } from '@pawl/shared/errors/error-codes';
import type { Answer } from '@pawl/shared/execution/answer';
import type { Classification } from '@pawl/shared/execution/image-task';
import type { ServedModel } from '../model/model-state.ts';
import type { PredictionRequest } from './prediction-request.ts';

/** A picture that was classified. */
export interface PredictionEvent {
  readonly model: ServedModel;
  readonly answer: Answer;
  readonly classification: Classification;
  /** Size of the file that was sent. */
  readonly bytes: number;
  readonly predictionId: string;
  /** The request that it came with. */
  readonly request: PredictionRequest;
  /** When it was handed to the model, milliseconds of `performance.now()`. */
  readonly begunAt: number;
}

/**
 * Somebody who wants to know of predictions: metrics, drift, the log of predictions. Called on the way to the answer, so it
 * neither throws nor waits.
 */
export interface PredictionObserver {
  classified(event: PredictionEvent): void;
  /** A picture was not classified. */
  refused?(code: ErrorCode): void;
}

/** For {@link PredictionObserver}s, all of them in the order in which they are told. */
export const PREDICTION_OBSERVERS = Symbol('PREDICTION_OBSERVERS');
