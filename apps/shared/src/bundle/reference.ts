import { z } from 'zod';

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
   * orientation), `aspect` (width / height) and `bytes` are of the file as it was; `brightness`, `contrast` and `saturation`
   * are those of `measureImage` in the size of the model's input. Statistics may be missing.
   */
  inputs: z.record(z.string(), distributionSchema),
  /** Over pictures that were not trained on. */
  answers: z.strictObject({
    count: z.int().min(1),
    /** Pictures by the label that was answered. */
    labels: z.record(z.string(), z.int().min(0)),
    /** Confidence, 0..1, by the label that was answered, in steps of 0.05; only labels that were answered. */
    confidence: z.record(z.string(), distributionSchema),
  }),
});

export type Reference = z.infer<typeof referenceSchema>;
export type Distribution = z.infer<typeof distributionSchema>;

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
