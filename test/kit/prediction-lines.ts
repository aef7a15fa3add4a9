import type { PredictionLine } from '@pawl/shared/predictionlog/prediction-line';

/** A line of the log of predictions, of a cat. */
export function aPredictionLine(change: Partial<PredictionLine> = {}): PredictionLine {
  return {
    event: 'prediction',
    time: '2026-11-30T12:00:00.000Z',
    prediction_id: 'cGF5bG9hZA.c2lnbmF0dXJl',
    request_id: '7f2f2d8e',
    model: 'catdog',
    version: '1.2.3',
    digest: `sha256:${'ab'.repeat(32)}`,
    label: 'cat',
    confidence: 0.9526,
    abstained: false,
    known: 1.25,
    probabilities: { cat: 0.9526, dog: 0.0474 },
    statistics: { brightness: 0.5, aspect: 1.33333, projection_0: -0.25 },
    format: 'jpeg',
    width: 640,
    height: 480,
    frames: 1,
    bytes: 60_000,
    timings: { queue_ms: 1, decode_ms: 2, infer_ms: 3 },
    ...change,
  };
}
