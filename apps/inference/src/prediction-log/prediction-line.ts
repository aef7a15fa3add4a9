import { largest } from '@pawl/shared/execution/answer';
import { observationOf } from '@pawl/shared/drift/observation';
import type { PredictionLine } from '@pawl/shared/predictionlog/prediction-line';
import type { PredictionEvent } from '../observation/prediction-event.ts';

/** Six digits are more than a picture's numbers are worth, and half of what JSON would write. */
const short = (value: number): number => Number(value.toPrecision(6));

/** Numbers of an observation that have fields of their own. */
const ownFields = new Set(['width', 'height', 'bytes', 'confidence', 'known']);

/**
 * Pure: the line of the log about a prediction.
 * @param now milliseconds since 1970.
 * @param top number of probabilities, the largest; 0: all.
 */
export function predictionLineOf(event: PredictionEvent, now: number, top: number): PredictionLine {
  const { model, answer, classification, bytes, predictionId, request } = event;
  const { image, timings, projections, known, stage } = classification;
  const { format, width, height, frames, statistics = {} } = image;
  const { label, confidence, abstained } = answer;
  const { numbers } = observationOf({ statistics, projections, width, height, bytes, label, confidence, known });
  const observed = Object.entries(numbers).filter(
    (entry): entry is [string, number] => !ownFields.has(entry[0]) && Number.isFinite(entry[1]),
  );
  const shortened = (entries: readonly (readonly [string, number])[]): Record<string, number> =>
    Object.fromEntries(entries.map(([name, value]) => [name, short(value)]));
  return {
    event: 'prediction',
    time: new Date(now).toISOString(),
    prediction_id: predictionId,
    request_id: request.id,
    model: model.manifest.name,
    version: model.manifest.version,
    digest: model.digest,
    label,
    confidence: short(confidence),
    ...(abstained !== undefined && { abstained }),
    // JSON has no number for what is not finite.
    ...(known !== undefined && Number.isFinite(known) && { known: short(known) }),
    ...(stage !== undefined && { stage }),
    probabilities: shortened(largest(answer, model.manifest.labels, top)),
    statistics: shortened(observed),
    format,
    width,
    height,
    frames,
    bytes,
    timings: {
      queue_ms: short(timings.queueMs),
      decode_ms: short(timings.decodeMs),
      infer_ms: short(timings.inferMs),
    },
  };
}
