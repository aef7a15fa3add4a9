import { feedbackSchema } from '../../../apps/inference/src/feedback/feedback.schema.ts';
import { parseJson } from '../../../apps/inference/src/http/upload/json-reader.ts';
import { PredictionIds } from '../../../apps/inference/src/prediction/prediction-id.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';

const model = { name: 'catdog', version: '1.0.0' };
const ids = new PredictionIds('the-key-of-the-fuzzer', ['the-key-before-that-one']);
const predictions = ['cat', 'dog', 'cat'].map((label) =>
  ids.issue({ label, confidence: 0.9, probabilities: {} }, model),
);
const feedback = predictions.map((prediction_id) => ({ prediction_id, label: 'cat' }));

/** Bodies of /feedback, by clients: no change of an id is another one. */
export const target: FuzzTarget = {
  kind: 'text',
  codes: ['REQUEST_INVALID'],
  iterations: 800,
  words: ['"label":"dog"', '"prediction_id":', '__proto__', '|', '.', '=', '{', '[', ',', '\\u0000', '\ufeff', '1e999'],
  seeds: () => Promise.resolve([feedback[0], { feedback }].map((body) => Buffer.from(JSON.stringify(body)))),
  run: (input) => {
    const body = parseJson(Buffer.from(input)) as { readonly feedback?: unknown } | null;
    const entries: readonly unknown[] = Array.isArray(body?.feedback) ? body.feedback : [body];
    for (const entry of entries) {
      const parsed = feedbackSchema.safeParse(entry);
      if (!parsed.success) continue;
      const verified = ids.verify(parsed.data.prediction_id);
      if (verified === undefined) continue;
      ensure(predictions.includes(parsed.data.prediction_id), 'only ids that were made are taken');
      ensure(verified.claims.version === model.version && verified.claims.model === model.name, 'claims are as made');
      ensure(Number.isSafeInteger(verified.claims.time), 'the time is a number');
    }
  },
};
