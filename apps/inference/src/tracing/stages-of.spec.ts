import type { Classification } from '@pawl/shared/execution/image-task';
import { aBundleWithoutFiles } from '../../test/support/test-service.ts';
import type { PredictionEvent } from '../observation/prediction-event.ts';
import { stagesOf } from './stages-of.ts';

const { manifest, digest } = aBundleWithoutFiles();

/** A picture handed over at 1,000 ms. */
function anEvent(timings: Classification['timings'], stage?: Classification['stage']): PredictionEvent {
  return {
    model: {
      manifest,
      digest,
      golden: { images: 1, largestDifference: 0 },
      reference: undefined,
      examplePath: '',
    },
    answer: { label: 'cat', confidence: 1, probabilities: { cat: 1, dog: 0 } },
    classification: {
      output: [-3],
      projections: [],
      stage,
      image: { format: 'png', width: 3, height: 2, frames: 1 },
      timings,
    },
    bytes: 99,
    predictionId: 'id',
    request: { id: 'request', gone: new AbortController().signal },
    begunAt: 1_000,
  };
}

const timesOf = (event: PredictionEvent, now: number) =>
  stagesOf(event, now).map(({ name, begin, end }) => [name, begin, end]);

describe('stagesOf', () => {
  it('puts the queue behind the beginning and the rest before the answer', () => {
    // Between 1,005 and 1,020 a worker had it and was busy with another.
    expect(timesOf(anEvent({ queueMs: 5, decodeMs: 10, inferMs: 20 }), 1_050)).toEqual([
      ['queue', 1_000, 1_005],
      ['decode', 1_020, 1_030],
      ['infer', 1_030, 1_050],
    ]);
  });

  it('never begins before the picture came, however clocks are rounded', () => {
    expect(timesOf(anEvent({ queueMs: 1, decodeMs: 10, inferMs: 20 }), 1_025)).toEqual([
      ['queue', 1_000, 1_000],
      ['decode', 1_000, 1_005],
      ['infer', 1_005, 1_025],
    ]);
  });

  it('says what cost the time, and nothing of the answer', () => {
    const [, decode, infer] = stagesOf(anEvent({ queueMs: 1, decodeMs: 1, inferMs: 1 }, 'first'), 1_010);
    expect(decode?.attributes).toEqual({
      'pawl.image.format': 'png',
      'pawl.image.width': 3,
      'pawl.image.height': 2,
      'pawl.image.bytes': 99,
    });
    expect(infer?.attributes).toEqual({
      'pawl.model.name': 'catdog',
      'pawl.model.version': '1.2.3',
      'pawl.model.digest': digest,
      'pawl.model.stage': 'first',
    });
  });
});
