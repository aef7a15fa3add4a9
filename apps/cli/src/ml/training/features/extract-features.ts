import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { FeaturePool } from '@pawl/shared/execution/feature-pool';
import type { Extracted } from '@pawl/shared/execution/feature-protocol';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { imageStatistics } from '@pawl/shared/preprocessing/image-statistics';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import type { Context } from '../../../terminal/context.ts';
import type { Dataset, DatasetItem, Split } from '../../data/dataset.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { featuresUnfit } from '../../../bundles/onnx/backbone.ts';
import { explainLoadFailure } from '../../../bundles/onnx/load-failure.ts';
import type { AugmentationParams } from '../../params/params.ts';
import { createProgress } from '../../../terminal/progress.ts';
import { count } from '../../../terminal/text.ts';
import type { FeatureTable, TrainingTable } from '../../types.ts';
import { drawAugmentation, type AugmentationDraw } from './draw-augmentation.ts';
import { boundCache, FeatureCache, type CacheKey } from './feature-cache.ts';
import { FeatureRows } from './feature-rows.ts';
import type { Backbone } from './open-backbone.ts';

/** Features of a data set, and which pictures the rows are. */
export interface DatasetFeatures {
  readonly width: number;
  readonly train: TrainingTable;
  readonly val: FeatureTable;
  readonly test: FeatureTable;
  /** Rows of the tables, in order. */
  readonly items: Readonly<Record<Split, readonly DatasetItem[]>>;
  /** By split and row of the originals: one number for each of `imageStatistics`. */
  readonly statistics: Readonly<Record<Split, readonly Float32Array[]>>;
  /** Rows that the backbone was run for; the others were in the cache. */
  readonly computed: number;
  readonly cached: number;
}

export interface ExtractionOptions {
  readonly context: Context;
  readonly dataset: Pick<Dataset, 'labels' | 'items' | 'read'>;
  readonly backbone: Backbone;
  readonly augmentation: AugmentationParams;
  readonly seed: number;
  /** Absolute path. */
  readonly cache: string;
}

/** Pictures are prepared: anything that takes longer is broken. */
const limits = { ...defaultImageLimits, maxBytes: 64 * 1024 * 1024, timeoutMs: 60_000 };

/**
 * Features of every picture, and of the altered copies of those that are trained on: from the cache where they are known,
 * else by the backbone, one picture at a time as the service runs it, on every core. What is computed is kept as it comes, so
 * that a run that is stopped goes on where it was.
 *
 * @throws CliError BACKBONE_INVALID, DATA_UNREADABLE naming the picture, DISK_FULL; PawlError WORKER_CRASHED; the reason of the
 *   context's signal.
 */
export async function extractFeatures(options: ExtractionOptions): Promise<DatasetFeatures> {
  const { context, dataset, backbone, augmentation } = options;
  const begin = context.now().getTime();
  let pool: FeaturePool | undefined;
  const startPool = async () => (pool ??= await openPool(backbone));
  try {
    const width = backbone.width ?? (await startPool()).width;
    const items = bySplit(dataset.items);
    const altered = drawOf(augmentation, options.seed);
    const rows = new FeatureRows(dataset.labels, items, width, augmentation.variants);
    const caches = {
      original: await FeatureCache.open(options.cache, cacheKey(backbone, null), width + imageStatistics.length),
      altered: await FeatureCache.open(options.cache, cacheKey(backbone, altered), width),
    };
    await caches.original.readAll((digest, variant, values) => {
      rows.fill(digest, variant, values);
    }, context.signal);
    if (augmentation.variants > 0)
      await caches.altered.readAll((digest, variant, values) => {
        rows.fill(digest, variant, values);
      }, context.signal);
    const cached = rows.filled;
    const missing = rows.missing();
    const total = missing.reduce((sum, { variants }) => sum + variants.length, 0);
    if (total > 0) {
      const workers = await startPool();
      if (workers.width !== width)
        throw featuresUnfit(backbone.features, `float32 with ${workers.width} values an image`);
      const progress = await createProgress(context, 'features', total);
      let done = 0;
      try {
        await forEachLimited(
          missing,
          workers.capacity,
          async ({ item, variants }) => {
            // Its own buffer: it is handed over to the worker.
            const bytes = new Uint8Array(await dataset.read(item));
            const draws = variants.map((n) => (n === 0 ? null : drawAugmentation(item.digest, n, altered)));
            const found = await workers.extract(bytes, draws).catch((error: unknown) => {
              throw pictureError(error, item);
            });
            for (const [index, variant] of variants.entries()) {
              const features = found.rows[index] ?? new Float32Array();
              const values = variant === 0 ? withStatistics(features, found.statistics) : features;
              rows.fill(item.digest, variant, values);
              await (variant === 0 ? caches.original : caches.altered).append(item.digest, variant, values);
            }
            done += variants.length;
            progress.update(done);
          },
          context.signal,
        );
      } finally {
        // Also what a stopped run has computed; the first error is the one that is told.
        await Promise.allSettled([caches.original.close(), caches.altered.close()]);
      }
      const took = context.now().getTime() - begin;
      progress.done(
        `${count(total, 'row')} in ${(took / 1000).toFixed(1)} s, ${((total * 1000) / took).toFixed(0)}/s, ${cached} from the cache`,
      );
      await boundCache(options.cache);
    } else context.stderr.write(`features: all ${cached} rows are in the cache\n`);
    return { width, ...rows.tables(), statistics: rows.statistics, items, computed: total, cached };
  } finally {
    await pool?.close();
  }
}

/** Workers for a backbone, with the refusals of onnxruntime made readable. */
async function openPool(backbone: Backbone): Promise<FeaturePool> {
  const spec = { input: backbone.input, outputs: [backbone.features] };
  const pool = await FeaturePool.start({ model: shareBytes(backbone.bytes), spec, limits }, cpuLimit()).catch(
    (error: unknown) => {
      throw explainLoadFailure(error, backbone.name);
    },
  );
  if (pool.shape !== undefined && pool.shape.length > 0 && pool.shape.length !== 2) {
    await pool.close();
    throw featuresUnfit(backbone.features, `float32 [${pool.shape.join(',')}]`);
  }
  return pool;
}

/** Everything that a row depends on, beside the picture and the number of the copy. */
function cacheKey(backbone: Backbone, altered: AugmentationDraw | null): CacheKey {
  return { backbone: backbone.digest, input: backbone.input, features: backbone.features, altered };
}

/** An original's row in the cache: its features, then what was measured of its pixels. */
function withStatistics(features: Float32Array, statistics: Extracted['statistics']): Float32Array {
  return Float32Array.of(...features, ...imageStatistics.map((name) => statistics[name]));
}

/** The number of copies does not change what a copy is. */
function drawOf({ flip, rotation, color_jitter }: AugmentationParams, seed: number): AugmentationDraw {
  return { flip, rotation, color_jitter, seed };
}

function bySplit(items: readonly DatasetItem[]): Record<Split, DatasetItem[]> {
  const found: Record<Split, DatasetItem[]> = { train: [], val: [], test: [] };
  for (const item of items) found[item.split].push(item);
  return found;
}

function pictureError(error: unknown, { path }: DatasetItem): unknown {
  if (!(error instanceof PawlError) || error.code === 'WORKER_CRASHED' || error.code === 'MODEL_NOT_READY')
    return error;
  return new CliError(
    'DATA_UNREADABLE',
    `${path} of the data set cannot be used: ${error.message}`,
    'Run `pawl data prepare` again, or remove the file.',
    error,
  );
}
