import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Context } from '../../../terminal/context.ts';
import type { Dataset, DatasetItem } from '../../data/dataset.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { createProgress } from '../../../terminal/progress.ts';
import type { LocalModel } from '../../../bundles/local-model.ts';

/**
 * Largest difference of a logit, as a share of `1 + |logit|`, between the trainer, which sums 512 products in float64, and
 * onnxruntime, which sums them in float32. Rounding gives some 1e-6.
 */
const LOGIT_TOLERANCE = 1e-4;

/** How well the served model and the trainer agree. */
export interface Agreement {
  readonly pictures: number;
  /** Largest difference of a logit as a share of `1 + |logit|`. */
  readonly largest: number;
  /** By picture, of the output that knows the model's limits; NaN where it has none. */
  readonly known: Float64Array;
}

/**
 * Asks the written model, loaded as the service loads it, about every test picture, and compares its logits with the
 * trainer's own.
 *
 * @param logits of the trainer, `items.length * outputs`.
 * @throws CliError BACKBONE_INVALID when they differ by more than {@link LOGIT_TOLERANCE}.
 */
export async function assertAgrees(
  context: Context,
  model: LocalModel,
  dataset: Dataset,
  items: readonly DatasetItem[],
  logits: Float64Array,
): Promise<Agreement> {
  const outputs = logits.length / Math.max(1, items.length);
  const progress = await createProgress(context, 'check', items.length);
  const knowing = new Float64Array(items.length).fill(NaN);
  let largest = 0;
  let worst: DatasetItem | undefined;
  let done = 0;
  await forEachLimited(
    [...items.entries()],
    model.capacity,
    async ([row, item]) => {
      const { output, known } = await model.ask(await dataset.read(item));
      if (known !== undefined) knowing[row] = known;
      for (let i = 0; i < outputs; i++) {
        const own = logits[row * outputs + i] ?? NaN;
        const difference = Math.abs(own - (output[i] ?? NaN)) / (1 + Math.abs(own));
        if (difference <= largest) continue;
        // A difference that is no number is the largest of all.
        largest = Number.isNaN(difference) ? Infinity : difference;
        worst = item;
      }
      progress.update(++done);
    },
    context.signal,
  );
  if (largest > LOGIT_TOLERANCE)
    throw new CliError(
      'BACKBONE_INVALID',
      `The written model does not answer as it was trained: on ${worst?.path ?? ''} a logit differs by ${largest.toExponential(1)} of its size, at most ${LOGIT_TOLERANCE} is allowed.`,
      'Run again with an empty --cache; if it stays, the backbone gives other features each time and cannot be used.',
    );
  progress.done(
    `the written model answers all ${items.length} test pictures as trained (largest difference ${largest.toExponential(1)})`,
  );
  return { pictures: items.length, largest, known: knowing };
}
