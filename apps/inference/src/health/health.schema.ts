import { z } from 'zod';

/** The body of GET /health. */
export const healthSchema = z.strictObject({ status: z.literal('ok'), model_loaded: z.boolean() });

/** The body of GET /livez. */
export const livenessSchema = z.strictObject({
  status: z.enum(['ok', 'stuck']),
  reason: z.string().optional().meta({ description: 'Why the process cannot recover and ends, one sentence.' }),
});

/** The body of GET /readyz. */
export const readinessSchema = z.strictObject({
  ready: z.boolean(),
  state: z.enum(['absent', 'loading', 'ready', 'failed', 'closed']).meta({ description: 'State of the model.' }),
  model: z
    .string()
    .optional()
    .meta({ description: 'Name of the model that this service serves; absent before it is known.' }),
  version: z.string().optional(),
  digest: z.string().optional(),
  lineage: z
    .record(z.string(), z.string())
    .optional()
    .meta({ description: 'Where the weights come from, as the manifest says: run id, data hash, Git commit.' }),
  golden_difference: z
    .number()
    .optional()
    .meta({ description: "Largest difference of a golden image's probability from the expected one." }),
  reason: z.string().optional().meta({ description: 'Why the service is not ready, one sentence.' }),
  code: z.string().optional().meta({ description: 'Error code, when something failed.' }),
});

/** The body of GET /health. */
export type Health = z.infer<typeof healthSchema>;
/** The body of GET /livez. */
export type Liveness = z.infer<typeof livenessSchema>;
/** The body of GET /readyz. */
export type Readiness = z.infer<typeof readinessSchema>;
