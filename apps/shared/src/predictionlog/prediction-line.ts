import { z } from 'zod';

const number = z.number();
/** Milliseconds. */
const duration = number.nonnegative();
/** As far as a table's column of 32 bits goes, which is beyond every limit of the service. */
const count = number
  .int()
  .nonnegative()
  .max(2 ** 31 - 1);

/**
 * One line of the log of predictions: what was answered about one picture, and what the picture was like in numbers. Never
 * its pixels, never the name of its file.
 */
const predictionLineSchema = z.object({
  /** Tells the line from others where both go to standard output. */
  event: z.literal('prediction'),
  /** ISO 8601, UTC, with milliseconds: when the answer was known. */
  time: z.iso.datetime(),
  prediction_id: z.string(),
  /** Of the request; the images of a batch share it. */
  request_id: z.string().optional(),
  model: z.string(),
  version: z.string(),
  /** `sha256:<hex>` of the manifest. */
  digest: z.string(),
  label: z.string(),
  /** Probability of the label, 0 to 1. */
  confidence: number,
  /** Only of models that can abstain. */
  abstained: z.boolean().optional(),
  /** Value of the output by which the model abstains, where it has one. */
  known: number.optional(),
  /** Which graph answered, of bundles with two. */
  stage: z.string().optional(),
  /** By label, the largest ones. */
  probabilities: z.record(z.string(), number),
  /** By the names of `reference.json`: brightness, aspect, projection_0 ... */
  statistics: z.record(z.string(), number),
  /** jpeg, png ..., by content. */
  format: z.string(),
  /** Pixels, after EXIF orientation. */
  width: count,
  height: count,
  frames: count,
  /** Size of the file. */
  bytes: count,
  timings: z.object({ queue_ms: duration, decode_ms: duration, infer_ms: duration }),
});

/** A line of the log of predictions; the schema says what is in it. */
export type PredictionLine = z.infer<typeof predictionLineSchema>;

/** What a line of a file turned out to be. */
export type ReadLine =
  | { readonly kind: 'prediction'; readonly line: PredictionLine }
  /** JSON of something else, such as the request log of the service. */
  | { readonly kind: 'other' }
  | { readonly kind: 'bad'; readonly problem: string };

/** Pure: reads one line of any origin; fields that are not known are left out. */
export function readPredictionLine(text: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'bad', problem: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || !('event' in value) || value.event !== 'prediction')
    return { kind: 'other' };
  const parsed = predictionLineSchema.safeParse(value);
  if (parsed.success) return { kind: 'prediction', line: parsed.data };
  const [issue] = parsed.error.issues;
  return { kind: 'bad', problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
