import type { PredictionEvent } from '../observation/prediction-event.ts';
import type { TracedStage } from '../observation/request-trace.ts';

/**
 * Pure: the stages of a picture by the times that were measured of them. A worker tells how long decoding and the graph took,
 * and that by its answer; so these are put before `now` and the queue behind the beginning. What lies between is the time in
 * which a worker had the picture and was busy with the one before it. A picture that two graphs looked at was decoded twice:
 * each stage is the sum of both.
 * @param now when the answer was there, milliseconds of `performance.now()`.
 */
export function stagesOf(event: PredictionEvent, now: number): readonly TracedStage[] {
  const { begunAt, bytes, classification, model } = event;
  const { image, stage, timings } = classification;
  const inferAt = Math.max(begunAt, now - timings.inferMs);
  const decodeAt = Math.max(begunAt, inferAt - timings.decodeMs);
  return [
    { name: 'queue', begin: begunAt, end: Math.min(begunAt + timings.queueMs, decodeAt) },
    {
      name: 'decode',
      begin: decodeAt,
      end: inferAt,
      attributes: {
        'pawl.image.format': image.format,
        'pawl.image.width': image.width,
        'pawl.image.height': image.height,
        'pawl.image.bytes': bytes,
      },
    },
    {
      name: 'infer',
      begin: inferAt,
      end: now,
      attributes: {
        'pawl.model.name': model.manifest.name,
        'pawl.model.version': model.manifest.version,
        'pawl.model.digest': model.digest,
        ...(stage !== undefined && { 'pawl.model.stage': stage }),
      },
    },
  ];
}
