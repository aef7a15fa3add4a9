import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { toAnswer, type Answer } from '@pawl/shared/execution/answer';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { modelOf, withLocalModel, type LocalModelSource } from '../local-model.ts';
import { createProgress } from '../../terminal/progress.ts';
import type { AnswerPair } from './compare-answers.ts';

/** A picture that two versions are asked about. */
interface Picture {
  /** Path in the data set. */
  readonly path: string;
  /** Part of the data set: `train`, `val` or `test`. */
  readonly split: string;
  /** What it shows. */
  readonly label: string;
}

/** The pictures that versions are asked about: what a data set has and this needs. */
interface Pictures<Item extends Picture> {
  /** All labels. */
  readonly labels: readonly string[];
  readonly items: readonly Item[];
  /** The bytes of a picture. */
  read(item: Item): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Asks two versions about every test picture of a data set, one version after the other, each on all cores.
 *
 * @throws CliError DATA_LABELS_DIFFER, DATA_SPLIT_EMPTY; PawlError of the models.
 */
export async function askBoth<Item extends Picture>(
  context: Context,
  before: Bundle,
  after: Bundle,
  dataset: Pictures<Item>,
): Promise<readonly AnswerPair[]> {
  const items = dataset.items.filter(({ split }) => split === 'test');
  if (items.length === 0)
    throw new CliError(
      'DATA_SPLIT_EMPTY',
      'the data set has no test pictures; expected some in test/<label>/.',
      'Prepare it with a test share above 0: preprocess.split_ratios in params.yaml.',
    );
  for (const { manifest } of [before, after]) {
    const unknown = dataset.labels.filter((label) => !manifest.labels.includes(label));
    if (unknown.length === dataset.labels.length)
      throw new CliError(
        'DATA_LABELS_DIFFER',
        `${manifest.name} ${manifest.version} knows none of the data set's labels (${dataset.labels.join(', ')}); it has ${manifest.labels.join(', ')}.`,
        'Give the data set that this model was trained for.',
      );
  }
  const first = await askVersion(context, before.manifest, await modelOf(before, context.signal), dataset, items);
  const second = await askVersion(context, after.manifest, await modelOf(after, context.signal), dataset, items);
  return items.map((item, i) => {
    const [a, b] = [first[i], second[i]];
    if (a === undefined || b === undefined) throw new RangeError('an answer is missing');
    return { path: item.path, label: item.label, before: a, after: b };
  });
}

/**
 * Asks a version about pictures, on all cores.
 *
 * @param source the graph of the version.
 * @returns an answer an item, in their order.
 * @throws CliError GRAPH_INVALID when an answer is not finite; PawlError of the model.
 */
export async function askVersion<Item extends Picture>(
  context: Context,
  manifest: Manifest,
  source: LocalModelSource,
  dataset: Pick<Pictures<Item>, 'read'>,
  items: readonly Item[],
): Promise<readonly Answer[]> {
  const name = `${manifest.name} ${manifest.version}`;
  const progress = await createProgress(context, `Asking ${name}`, items.length);
  const answers: Answer[] = [];
  let done = 0;
  await withLocalModel(source, context.signal, async (model) => {
    await forEachLimited(
      items.map((item, index) => ({ item, index })),
      model.capacity,
      async ({ item, index }) => {
        const answer = toAnswer(await model.ask(await dataset.read(item)), manifest);
        if (answer === undefined)
          throw new CliError(
            'GRAPH_INVALID',
            `${name} gives no finite answer to ${item.path}.`,
            'The weights are broken; train or export them again.',
          );
        answers[index] = answer;
        progress.update((done += 1));
      },
      context.signal,
    );
  });
  progress.done(`${items.length} pictures`);
  return answers;
}
