import { z } from 'zod';

const probability = z.number().min(0).max(1);

/** The fields that every answer about an image has beside the probabilities, for any labels. */
const commonFields = {
  /** Label of the image. */
  label: z.string().meta({ description: 'The label the model answers.', example: 'cat' }),
  confidence: probability.meta({ description: 'Probability of the label.', example: 0.9231 }),
  model_version: z.string().meta({ description: 'Semantic version of the model.', example: '1.0.0' }),
  model_digest: z.string().meta({ description: 'sha256 of the bundle manifest: the identity of the weights.' }),
  prediction_id: z.string().meta({ description: 'Signed token that names this prediction, for feedback.' }),
  warnings: z
    .array(z.string())
    .optional()
    .meta({ description: 'What the reader should know, such as that only the first frame was used.' }),
};

/** The part of a manifest that decides the fields of an answer. */
export interface AnswerShape {
  readonly labels: readonly string[];
  /** What people read instead of a label, where that is something else. */
  readonly labelNames?: Readonly<Record<string, string>> | undefined;
  /** Present when the model can abstain. */
  readonly abstain?: unknown;
}

const abstained = z.boolean().meta({
  description:
    'The picture is probably none of the labels; `label` is the nearest one. By the threshold of the manifest.',
});

const labelName = z.string().meta({
  description: 'The name of the label for people, where the manifest has one.',
  example: 'Golden Retriever',
});

/** One object for all labels: a model may have thousands. */
const ofLabel = probability.meta({ description: 'Probability of this label, rounded to four decimals.' });
const ofShownLabel = ofLabel.optional();

/**
 * The answer about one image of a model: `{label, confidence, <label>_probability...}`, with `abstained` only where the
 * manifest has a threshold for it, and `label_name` where it has a name for the label. The schema is both the type check of the tests and the page at /docs.
 * @param top whether probabilities may be missing, since a request may ask for the largest ones alone.
 */
export function predictionSchema({ labels, labelNames, abstain }: AnswerShape, top = false) {
  const probabilities = Object.fromEntries(
    labels.map((label) => [`${label}_probability`, top ? ofShownLabel : ofLabel]),
  );
  return z.strictObject({
    ...commonFields,
    label: z.enum(labels as [string, ...string[]]).meta({ description: 'The label the model answers.' }),
    ...(labelNames !== undefined && { label_name: labelName.optional() }),
    ...probabilities,
    ...(abstain !== undefined && { abstained }),
  });
}

/** The fields that every answer has; `<label>_probability` come beside them. */
export type Prediction = z.infer<z.ZodObject<typeof commonFields>> & { readonly abstained?: boolean } & Record<
    string,
    unknown
  >;

/** The body of every error. */
export const errorBodySchema = z.strictObject({
  error: z.strictObject({
    code: z.string().meta({ description: 'Stable, for machines.', example: 'IMAGE_FORMAT_UNSUPPORTED' }),
    message: z.string().meta({ description: 'What is wrong and what was expected.' }),
    hint: z.string().meta({ description: 'What to do.' }),
    request_id: z.string().meta({ description: 'Names this request in the log.' }),
  }),
});

/** The body of every error. */
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** The answer to /predict/batch: one entry an image, in the order they were sent. */
export const batchOf = (prediction: ReturnType<typeof predictionSchema>) =>
  z.strictObject({ predictions: z.array(z.union([prediction, errorBodySchema])) });

/** {@link batchOf} a model's answers. */
export const batchSchema = (shape: AnswerShape, top = false) => batchOf(predictionSchema(shape, top));
