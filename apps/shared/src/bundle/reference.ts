import { z } from 'zod';
import { PawlError } from '../errors/pawl-error.ts';
import type { Bundle } from './open-bundle.ts';

/** File name of the reference statistics in a bundle, by custom; the manifest's `reference` names it. */
export const REFERENCE_FILE = 'reference.json';

/** How a number was distributed. */
export const distributionSchema = z
  .strictObject({
    /** Ascending, each once. Bin 0 lies below the first edge, bin i from edge i - 1 up to edge i, the last from the last edge on. */
    edges: z.array(z.number()).max(256),
    /** Pictures in each bin: one more than there are edges. */
    counts: z.array(z.int().min(0)).min(1),
    mean: z.number(),
    /** Of the population. */
    std: z.number().min(0),
  })
  .refine(({ edges, counts }) => counts.length === edges.length + 1, 'needs one count more than edges')
  .refine(({ edges }) => edges.every((edge, i) => i === 0 || edge > (edges[i - 1] ?? edge)), 'edges must ascend');

/**
 * `reference.json` of a bundle: what the pictures and the answers were like where the model was made, to compare with what
 * it is asked later. Bins catch every number, so that a comparison loses none.
 */
export const referenceSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Pictures that `inputs` is of. */
  count: z.int().min(1),
  /**
   * By statistic, over the pictures that were trained on; edges are deciles. `width`, `height` (pixels, after EXIF
   * orientation), `aspect` (width / height), `bytes` and `bytes_per_pixel` are of the file as it was; `brightness`, `contrast`,
   * `saturation` and `sharpness` are those of `measureImage` in the size of the (first) graph's input; `projection_0`, ... are
   * those of `projections`. Statistics may be missing.
   */
  inputs: z.record(z.string(), distributionSchema),
  /** Over pictures that were not trained on. */
  answers: z.strictObject({
    count: z.int().min(1),
    /** Pictures by the label that was answered. */
    labels: z.record(z.string(), z.int().min(0)),
    /** Confidence, 0..1, by the label that was answered, in steps of 0.05; only labels that were answered. */
    confidence: z.record(z.string(), distributionSchema),
    /** By number that an answer has, whatever its label: `confidence`, and `known` where the model abstains by an output. */
    scores: z.record(z.string(), distributionSchema).optional(),
  }),
  /** Numbers that stand for the features of a picture, which are too many to watch one by one: see `projectFeatures`. */
  projections: z
    .strictObject({
      /** Name of the graph's output with the features, one row a picture. */
      output: z.string().min(1),
      count: z.int().min(1).max(16),
    })
    .optional(),
});

export type Reference = z.infer<typeof referenceSchema>;
export type Distribution = z.infer<typeof distributionSchema>;
/** Which numbers stand for the features of a picture. */
export type ProjectionsSpec = NonNullable<Reference['projections']>;

/**
 * The reference statistics of a bundle; undefined where it has none.
 * @throws PawlError BUNDLE_REFERENCE_INVALID where they do not follow {@link referenceSchema}; those of {@link Bundle.read}.
 */
export async function readReference(bundle: Bundle, signal?: AbortSignal): Promise<Reference | undefined> {
  const file = bundle.manifest.reference;
  if (file === undefined) return undefined;
  const text = Buffer.from(await bundle.read(file, signal)).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PawlError('BUNDLE_REFERENCE_INVALID', { message: `${file} is not JSON.`, cause });
  }
  const { data, error } = referenceSchema.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new PawlError('BUNDLE_REFERENCE_INVALID', { message: `${file}: ${where}: ${issue?.message ?? 'is invalid'}.` });
}

/** The distribution of numbers over given edges. */
export function distributionOf(values: readonly number[], edges: readonly number[]): Distribution {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const bin = binOf(value, edges);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length);
  return { edges: [...edges], counts, mean, std: Math.sqrt(variance) };
}

/** The bin that a number falls into, by {@link distributionSchema}. */
export function binOf(value: number, edges: readonly number[]): number {
  const above = edges.findIndex((edge) => value < edge);
  return above === -1 ? edges.length : above;
}

/** The deciles of numbers, each once: edges of bins that hold about as many of them each. */
export function decilesOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const deciles = Array.from({ length: 9 }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / 10)] ?? 0);
  return [...new Set(deciles)];
}
