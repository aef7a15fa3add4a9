import { join } from 'node:path';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import { REFERENCE_FILE } from '@pawl/shared/bundle/reference';
import { writeBundle, type BundleSourceFile } from '@pawl/shared/bundle/write-bundle';
import { writeMlflowModel } from '../../tracking/mlflow-model.ts';
import { BUNDLE_DIGEST_TAG } from '../../tracking/resolve-model.ts';
import type { AbstainReport } from '../evaluation/abstain.ts';
import { figuresOf } from './assess.ts';
import type { PreviousComparison } from './compare-previous.ts';
import type { GoldenImages } from './golden.ts';
import { shown, type BundleBase, type Inputs, type Learned } from './inputs.ts';
import { lineageOf } from './lineage.ts';
import { chooseVersion, NOTICE_FILE } from './previous-bundle.ts';
import { measuredPictures } from '../../data/dataset.ts';
import { referenceOf } from './reference.ts';
import { tryBundle } from '../../prediction/try-bundle.ts';
import { renderTrainingOutcome } from './summary.ts';

/** Largest difference of a probability that a golden image may show on another machine: int8 rounds differently there. */
export const GOLDEN_TOLERANCE = 0.05;

/** What the bundle is made of. */
export interface Parts {
  readonly base: BundleBase;
  /** The graph. */
  readonly bytes: Uint8Array;
  readonly abstaining: AbstainReport | undefined;
  readonly comparison: PreviousComparison | undefined;
  readonly golden: GoldenImages;
  /** Of the validation pictures, where the model has an output for how surely they are any of the labels. */
  readonly known: Float64Array | undefined;
  /** For temporary files. */
  readonly folder: string;
}

/** Writes the bundle, logs and registers it, and says what comes next. */
export async function ship(inputs: Inputs, { features, assessment }: Learned, parts: Parts): Promise<void> {
  const { context, options, theme, dataset, backbone, previous, origin, tracker } = inputs;
  const { base, bytes, abstaining, comparison, golden, known } = parts;
  const { version, reason } = chooseVersion(options.version, previous?.manifest, {
    ...base,
    modelDigest: digestOfBytes(bytes),
  });
  const reference = referenceOf({
    items: features.items.train,
    statistics: features.statistics.train,
    features: features.train.tables[0],
    featuresOutput: backbone.features,
    labels: dataset.labels,
    answers: assessment.val.answers,
    known,
  });
  const draft: ManifestDraft = {
    ...base,
    schemaVersion: 1,
    version,
    model: 'model.onnx',
    ...(abstaining !== undefined && { abstain: abstaining.spec }),
    golden: { tolerance: GOLDEN_TOLERANCE, images: [...golden.images] },
    reference: REFERENCE_FILE,
    metrics: { ...figuresOf(assessment, abstaining) },
    lineage: lineageOf({
      ...origin,
      runId: tracker.runId,
      dataHash: dataset.hash,
      pictures: { test: measuredPictures(features.items.test), all: dataset.items.length },
      dropped: options.params.bundle.drop_golden,
      paired: comparison?.kind === 'compared' ? comparison.sentence : undefined,
      backbone,
      temperature: assessment.calibration.temperature,
    }),
  };
  const ofPrevious = (previous?.golden.length ?? 0) > 0;
  const sources: BundleSourceFile[] = [
    { path: 'model.onnx', source: bytes },
    { path: REFERENCE_FILE, source: Buffer.from(canonicalJson(reference)) },
    ...golden.sources,
    // The pictures keep their credits.
    ...(ofPrevious && previous?.notice !== undefined ? [{ path: NOTICE_FILE, source: previous.notice }] : []),
  ];
  const bundle = await writeBundle(options.out, draft, sources, { privateKeyPem: inputs.privateKeyPem });
  await tracker.artifact({ source: bundle.directory, path: 'bundle' });
  const model = join(parts.folder, 'model');
  await writeMlflowModel(model, { ...bundle, runId: tracker.runId, now: context.now() });
  await tracker.artifact({ source: model, path: 'model' });
  const registered = await tracker.register({
    name: base.name,
    path: 'model',
    alias: options.params.tracking.alias,
    tags: { [BUNDLE_DIGEST_TAG]: bundle.digest, 'pawl.bundle.version': version },
  });
  const lines = renderTrainingOutcome(
    {
      name: base.name,
      version,
      reason,
      digest: bundle.digest,
      signed: inputs.privateKeyPem !== undefined,
      out: shown(context, options.out),
      reports: shown(context, options.reports),
      run: tracker.location,
      registered: `${registered.name} ${registered.version} as @${registered.alias}`,
      tryIt: await tryBundle(context.cwd, shown(context, options.out)),
    },
    theme,
  );
  context.stdout.write(`${lines.join('\n')}\n`);
}
