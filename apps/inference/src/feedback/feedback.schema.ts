import { z } from 'zod';
import { errorBodySchema } from '../prediction/prediction.schema.ts';

/** What a client says of one prediction. */
export const feedbackSchema = z.strictObject({
  prediction_id: z.string().meta({ description: 'As it was in the answer.' }),
  label: z
    .string()
    .meta({ description: 'The true label: one of the model, or "neither" for a picture of none.', example: 'dog' }),
});

/** Several in one request. Each entry is checked for itself, so that a bad one fails alone. */
export const feedbackBatchSchema = z.strictObject({ feedback: z.array(feedbackSchema) });

/** What became of one. */
export const feedbackResultSchema = z.strictObject({
  result: z.enum(['counted', 'duplicate']).meta({
    description: '"duplicate": this prediction had the same feedback before, which was counted then.',
  }),
  answered: z.string().meta({
    description: 'What the model had answered; "neither" where it had abstained.',
    example: 'cat',
  }),
  correct: z.boolean().meta({ description: 'Whether that is the true label.' }),
});

/** What became of several, in the order they were sent. */
export const feedbackResultsSchema = z.strictObject({
  results: z.array(z.union([feedbackResultSchema, errorBodySchema])),
});

/** What a client says of one prediction. */
export type Feedback = z.infer<typeof feedbackSchema>;
/** What became of one. */
export type FeedbackResult = z.infer<typeof feedbackResultSchema>;
