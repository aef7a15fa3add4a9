import { readFileSync } from 'node:fs';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { SessionSpec } from '@pawl/shared/execution/onnx-session';
import { FeaturePool } from '@pawl/shared/execution/feature-pool';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { drawAugmentation } from '../../apps/cli/src/ml/training/features/draw-augmentation.ts';
import { Parts } from '../parts.ts';
import { readPhotos } from '../photos.ts';
import { median } from '../statistics.ts';

/** Rows a second of the feature stage and of what it is made of. */
export interface StageRates {
  /** onnxruntime alone on all cores, on decoded pictures: the limit. */
  readonly raw: number;
  /** Feature stage on originals only: decode, measure, infer. */
  readonly originals: number;
  /** Feature stage with two altered copies of each picture, as params.yaml asks. */
  readonly withCopies: number;
}

export interface StageInput {
  readonly modelPath: string;
  /** Labels and output of the whole model, for the raw runs. */
  readonly spec: SessionSpec;
  /** Folder of prepared pictures, a few hundred at most: the raw runs hold them decoded. */
  readonly pictures: string;
  readonly cores: number;
  readonly rounds: number;
  readonly seconds: number;
}

/** Measures raw onnxruntime and the feature stage by turns, and gives the rates of each round. */
export async function measureStage(input: StageInput, say: (text: string) => void): Promise<StageRates[]> {
  const { modelPath, spec, pictures, cores, rounds, seconds } = input;
  const photos = readPhotos(pictures).slice(0, 200);
  const draw = { flip: 0.5, rotation: 15, color_jitter: 0.2, seed: 42 };
  const parts = await Parts.start({ modelPath, spec, photos: pictures }, cores);
  const limits = { ...defaultImageLimits, timeoutMs: 60_000 };
  const model = shareBytes(readFileSync(modelPath));
  const pool = await FeaturePool.start({ model, spec: { input: spec.input, outputs: ['features'] }, limits }, cores);
  const rate = async (copies: number): Promise<number> => {
    const end = performance.now() + seconds * 1000;
    const begin = performance.now();
    let rows = 0;
    while (performance.now() < end)
      await forEachLimited(photos, pool.capacity, async ({ bytes }) => {
        if (performance.now() >= end) return;
        const digest = digestOfBytes(bytes);
        const drawn = Array.from({ length: copies }, (_, i) => drawAugmentation(digest, i + 1, draw));
        const extracted = await pool.extract(new Uint8Array(bytes), [null, ...drawn]);
        rows += extracted.rows.length;
      });
    return (rows * 1000) / (performance.now() - begin);
  };
  await rate(0);
  const found: StageRates[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`features, round ${round} of ${rounds} ...`);
    const before = (cores * 1000) / (await parts.coreMs('infer', cores, seconds));
    const originals = await rate(0);
    const withCopies = await rate(2);
    const after = (cores * 1000) / (await parts.coreMs('infer', cores, seconds));
    // What else the machine does hits both alike: the limit is measured on either side.
    found.push({ raw: median([before, after]), originals, withCopies });
  }
  await Promise.all([pool.close(), parts.stop()]);
  return found;
}
