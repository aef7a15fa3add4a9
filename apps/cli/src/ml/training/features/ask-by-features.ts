import type { Manifest } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../../errors/cli-error.ts';
import { readHead } from '../../../bundles/onnx/read-head.ts';
import type { Context } from '../../../terminal/context.ts';
import { splits, type Dataset } from '../../data/dataset.ts';
import { headLogits } from '../head/linear.ts';
import { extractFeatures } from './extract-features.ts';
import { openBackbone, type Backbone } from './open-backbone.ts';

/** What is asked, and what is kept of it. */
export interface FeatureQuestion {
  /** Address of the bundle, as `train.backbone` has it. */
  readonly address: string;
  readonly manifest: Manifest;
  /** Name of its pooled features. */
  readonly features: string;
  /** Folder of the feature cache. */
  readonly cache: string;
  readonly dataset: Pick<Dataset, 'labels' | 'items' | 'read'>;
}

/**
 * What a bundle says of pictures, by the features that a training on it needs too: they are left in the cache, and taken from
 * it where they are there.
 *
 * @returns the values of its output by the digest of a picture; undefined for a graph whose head is not linear on features.
 * @throws as {@link extractFeatures}, and PawlError of the bundle.
 */
export async function askByFeatures(
  context: Context,
  { address, manifest, features, cache, dataset }: FeatureQuestion,
): Promise<ReadonlyMap<string, readonly number[]> | undefined> {
  const backbone = await backboneWith(context, address, features);
  const head = backbone && readHead(backbone.model, features, manifest.output);
  if (backbone === undefined || head === undefined) return undefined;
  const none = { variants: 0, flip: 0, rotation: 0, color_jitter: 0 };
  const found = await extractFeatures({ context, dataset, backbone, augmentation: none, seed: 0, cache });
  const [train] = found.train.tables;
  const tables = { train: train ?? found.val, val: found.val, test: found.test };
  const answers = new Map<string, readonly number[]>();
  for (const split of splits) {
    const logits = headLogits(head, tables[split]);
    for (const [row, { digest }] of found.items[split].entries())
      answers.set(digest, [...logits.subarray(row * head.outputs, (row + 1) * head.outputs)]);
  }
  return answers;
}

/** Undefined for a graph that has no such features. */
async function backboneWith(context: Context, address: string, features: string): Promise<Backbone | undefined> {
  try {
    return await openBackbone(context, address, features);
  } catch (error) {
    if (error instanceof CliError && error.code === 'BACKBONE_INVALID') return undefined;
    throw error;
  }
}
