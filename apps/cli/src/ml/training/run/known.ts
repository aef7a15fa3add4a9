import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { LocalModel } from '../../../bundles/local-model.ts';
import { createProgress } from '../../../terminal/progress.ts';
import type { Context } from '../../../terminal/context.ts';
import type { Dataset, DatasetItem } from '../../data/dataset.ts';

/**
 * Asks a model that has an output for it how surely each picture is any of the labels.
 *
 * @returns a value a picture, in their order; NaN where the model says nothing.
 * @throws PawlError of the decoder and of inference.
 */
export async function askKnown(
  context: Context,
  model: LocalModel,
  dataset: Pick<Dataset, 'read'>,
  items: readonly DatasetItem[],
): Promise<Float64Array> {
  const progress = await createProgress(context, 'known', items.length);
  const said = new Float64Array(items.length).fill(NaN);
  let done = 0;
  await forEachLimited(
    [...items.entries()],
    model.capacity,
    async ([row, item]) => {
      said[row] = (await model.ask(await dataset.read(item))).known ?? NaN;
      progress.update(++done);
    },
    context.signal,
  );
  progress.done(`${items.length} validation pictures`);
  return said;
}
