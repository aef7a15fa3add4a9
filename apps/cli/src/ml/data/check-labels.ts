import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { toAnswer } from '@pawl/shared/execution/answer';
import type { Context } from '../../terminal/context.ts';
import { modelOf, withLocalModel } from '../../bundles/local-model.ts';
import { createProgress } from '../../terminal/progress.ts';
import { count } from '../../terminal/text.ts';
import type { DatasetItem } from './dataset.ts';
import type { Journal } from './journal.ts';

/** Probability of a picture's own label below which it looks mislabelled. */
export const SUSPECT_BELOW = 0.05;

/** A picture whose label a model does not believe. */
interface Suspect {
  readonly item: DatasetItem;
  /** Probability of the label that it has, 0..1. */
  readonly probability: number;
  /** What the model says instead, and how sure it is. */
  readonly says: string;
  readonly confidence: number;
}

/** What a bundle thinks of the labels, or why it was not asked. */
export type LabelCheck =
  | { readonly kind: 'skipped'; readonly reason: string }
  | {
      readonly kind: 'checked';
      /** Name, version and digest of the bundle. */
      readonly model: string;
      readonly version: string;
      readonly digest: string;
      /** Pictures that it was asked about. */
      readonly asked: number;
      /** The surest first. */
      readonly suspects: readonly Suspect[];
    };

/** How a bundle is asked about the pictures of a data set. */
export interface LabelQuestion {
  readonly bundle: Bundle;
  readonly items: readonly DatasetItem[];
  readonly labels: readonly string[];
  /** The bytes of a picture. */
  readonly read: (item: DatasetItem) => Promise<Uint8Array<ArrayBuffer>>;
  /** Answers of earlier runs, by picture and bundle. */
  readonly journal: Journal<readonly number[]>;
}

/**
 * Another way to ask: the values of the bundle's output by the digest of a picture. Undefined for a bundle that cannot be asked
 * in this way.
 */
export type AskAll = (
  manifest: Manifest,
  dataset: Pick<LabelQuestion, 'items' | 'labels' | 'read'>,
) => Promise<ReadonlyMap<string, readonly number[]> | undefined>;

/**
 * Asks a bundle about every picture, on all cores, and lists those whose label it gives less than {@link SUSPECT_BELOW}.
 * A bundle with other labels is not asked. Answers that `askAll` does not keep itself are kept in the journal.
 *
 * @throws PawlError MODEL_INCOMPATIBLE and the like; the reason of the context's signal.
 */
export async function checkLabels(context: Context, question: LabelQuestion, askAll?: AskAll): Promise<LabelCheck> {
  const { bundle, items, labels } = question;
  const { manifest, digest } = bundle;
  if (manifest.labels.length !== labels.length || labels.some((label) => !manifest.labels.includes(label)))
    return {
      kind: 'skipped',
      reason: `the labels of ${manifest.name} ${manifest.version} are ${manifest.labels.join(', ')}; those of the data are ${labels.join(', ')}`,
    };
  const known = await askAll?.(manifest, question);
  const outputOf =
    known === undefined ? await askOneByOne(context, question) : (item: DatasetItem) => known.get(item.digest);
  if (known !== undefined)
    context.stderr.write(`${manifest.name} ${manifest.version} was asked about ${count(items.length, 'picture')}\n`);
  const suspects = items.flatMap((item) => {
    const answer = toAnswer({ output: outputOf(item) ?? [] }, { labels: manifest.labels, output: manifest.output });
    const probability = answer?.probabilities[item.label];
    if (answer === undefined || probability === undefined || probability >= SUSPECT_BELOW) return [];
    return [{ item, probability, says: answer.label, confidence: answer.confidence }];
  });
  suspects.sort((a, b) => a.probability - b.probability);
  const { name: model, version } = manifest;
  return { kind: 'checked', model, version, digest, asked: items.length, suspects };
}

/** The whole graph is asked about each picture that no earlier run asked about. */
async function askOneByOne(
  context: Context,
  { bundle, items, read, journal }: LabelQuestion,
): Promise<(item: DatasetItem) => readonly number[] | undefined> {
  const keyOf = (item: DatasetItem) => `${item.digest} ${bundle.digest}`;
  const unknown = items.filter((item) => journal.get(keyOf(item)) === undefined);
  if (unknown.length > 0) await ask(bundle, unknown, keyOf, read, journal, context);
  await journal.compact(items.map(keyOf));
  return (item) => journal.get(keyOf(item));
}

async function ask(
  bundle: Bundle,
  items: readonly DatasetItem[],
  keyOf: (item: DatasetItem) => string,
  read: (item: DatasetItem) => Promise<Uint8Array>,
  journal: Journal<readonly number[]>,
  context: Context,
): Promise<void> {
  const { manifest } = bundle;
  const progress = await createProgress(context, 'Checking labels', items.length);
  let done = 0;
  try {
    await withLocalModel(await modelOf(bundle, context.signal), context.signal, async (model) => {
      await forEachLimited(
        items,
        model.capacity,
        async (item) => {
          const { output } = await model.ask(await read(item));
          await journal.add(keyOf(item), output);
          progress.update(++done);
        },
        context.signal,
      );
    });
    progress.done(`${manifest.name} ${manifest.version} was asked about ${count(items.length, 'picture')}`);
  } finally {
    await journal.flush();
  }
}
