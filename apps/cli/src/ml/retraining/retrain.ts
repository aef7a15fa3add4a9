import { fetchBundle } from '@pawl/shared/bundle/fetch-bundle';
import type { Context } from '../../terminal/context.ts';
import { openDataset } from '../data/open-dataset.ts';
import { readStoredManifest, type StoredManifest } from '../../bundles/read-bundle.ts';
import { atStore, MAX_BUNDLE_BYTES, storeOptions } from '../../bundles/stores.ts';
import { list } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { openBackbone } from '../training/features/open-backbone.ts';
import { hashOfParams } from '../training/run/lineage.ts';
import type { TrainOptions } from '../training/run/inputs.ts';
import { train } from '../training/train.ts';
import { PAWL_VERSION } from '../../terminal/version.ts';
import { changesSince, type TrainingInputs } from './unchanged.ts';

/** A version that an environment has, and its bundle. */
interface NewestVersion {
  readonly version: string;
  /** Address of the bundle, and the digest of its manifest, `sha256:<hex>`. */
  readonly artifact: { readonly uri: string; readonly digest: string };
}

export interface RetrainOptions extends TrainOptions {
  /** Name of the environment whose newest version is followed. */
  readonly environment: string;
  /** Highest version of `params.bundle.name` that the environment has; undefined: none yet. */
  readonly newest: NewestVersion | undefined;
  /** Train also when nothing has changed. */
  readonly force: boolean;
}

/** For a bundle from far away. */
const FETCH_TIMEOUT_MS = 10 * 60_000;

/**
 * Trains the successor of the newest version of an environment. When what weights depend on is as it was for that version, its
 * bundle is put into `out` instead: publishing and releasing that one again changes nothing, so a schedule may run this as
 * often as it likes.
 *
 * @throws what `train` throws; PawlError of the environment's bundle.
 */
export async function retrain(
  context: Context,
  options: RetrainOptions,
  theme: Theme,
): Promise<'trained' | 'unchanged'> {
  const { params, environment: name, newest } = options;
  if (newest === undefined) {
    context.stdout.write(`${name} has no version of ${params.bundle.name} yet.\n`);
    await train(context, options, theme);
    return 'trained';
  }
  const { uri, digest } = newest.artifact;
  const stored = await readStoredManifest(context, uri, { digest });
  const changes = changesSince(stored.manifest.lineage, await inputsOf(context, options));
  const title = `${params.bundle.name} ${newest.version}`;
  if (changes.length === 0 && !options.force) {
    context.stdout.write(`Nothing has changed since ${title}: the same photographs, params.yaml, backbone and pawl.\n`);
    await take(context, newest, stored, options.out);
    context.stdout.write(`Its bundle is in ${options.out}; nothing was trained.\n`);
    return 'unchanged';
  }
  context.stdout.write(`${name} has ${title}; changed since: ${changes.length === 0 ? 'nothing' : list(changes)}.\n`);
  await train(context, { ...options, params: { ...params, bundle: { ...params.bundle, replaces: uri } } }, theme);
  return 'trained';
}

async function inputsOf(context: Context, { params, data }: RetrainOptions): Promise<TrainingInputs> {
  const dataset = await openDataset(data, context.signal);
  try {
    const backbone = await openBackbone(context, params.train.backbone, params.train.features);
    return {
      data_hash: dataset.hash,
      params_hash: hashOfParams(params),
      backbone_digest: backbone.digest,
      pawl_version: PAWL_VERSION,
    };
  } finally {
    await dataset.close();
  }
}

async function take(
  context: Context,
  { artifact: { uri } }: NewestVersion,
  { digest }: StoredManifest,
  out: string,
): Promise<void> {
  await atStore(uri, () =>
    fetchBundle(uri, {
      ...storeOptions(context),
      directory: out,
      digest,
      maxBytes: MAX_BUNDLE_BYTES,
      timeoutMs: FETCH_TIMEOUT_MS,
      signal: context.signal,
    }),
  );
}
