import { askVersion } from '../../../bundles/diff/ask-bundles.ts';
import { comparePaired, pairedSentence, type Paired } from '../../../bundles/diff/paired.ts';
import { preparedSize, resizedTwice } from '../../data/prepared-size.ts';
import { list, shortDigest } from '../../../terminal/text.ts';
import type { Inputs, Learned } from './inputs.ts';

/** What the new model is against the bundle that it replaces, or why that is not known. */
export type PreviousComparison =
  | {
      readonly kind: 'compared';
      /** Name and version of the replaced bundle. */
      readonly before: string;
      readonly paired: Paired;
      /** For the lineage. */
      readonly sentence: string;
    }
  | { readonly kind: 'skipped'; readonly reason: string };

/**
 * Asks the bundle that is replaced about the very pictures that the new one is judged by. Undefined where none is replaced.
 *
 * @throws CliError GRAPH_INVALID; PawlError of the replaced model.
 */
export async function compareWithPrevious(
  { context, dataset, previous }: Inputs,
  { features, assessment }: Learned,
): Promise<PreviousComparison | undefined> {
  if (previous === undefined) return undefined;
  const { manifest, digest, model } = previous;
  const before = `${manifest.name} ${manifest.version}`;
  const { labels } = dataset;
  if (manifest.labels.length !== labels.length || labels.some((label) => !manifest.labels.includes(label)))
    return {
      kind: 'skipped',
      reason: `${before} tells other labels apart (${list(manifest.labels)}), so it was not asked about these pictures`,
    };
  const caution = resizedTwice(await preparedSize(dataset), manifest.input);
  if (caution !== undefined)
    context.stderr.write(`warning: ${before}: ${caution}; the comparison is a little unfair to it.\n`);
  const items = features.items.test;
  const answers = await askVersion(context, manifest, model, dataset, items);
  const right = items.map(({ label }, row) => answers[row]?.label === label);
  const paired = comparePaired(right, assessment.right);
  const sentence = pairedSentence(`${before} (${shortDigest(digest)})`, paired);
  return { kind: 'compared', before, paired, sentence };
}
