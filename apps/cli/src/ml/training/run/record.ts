import { maskUri } from '@pawl/shared/errors/mask-uri';
import type { Context } from '../../../terminal/context.ts';
import type { Dataset } from '../../data/dataset.ts';
import { splits } from '../../data/dataset.ts';
import { startRun } from '../../tracking/start-run.ts';
import type { Tracker } from '../../tracking/tracker.ts';
import type { Backbone } from '../features/open-backbone.ts';
import type { TrainOptions } from './inputs.ts';
import type { TrainingOrigin } from './lineage.ts';

/** What is on record from the start. */
export interface RecordInput {
  readonly context: Context;
  readonly options: TrainOptions;
  readonly dataset: Dataset;
  readonly backbone: Backbone;
  readonly origin: TrainingOrigin;
}

/** Starts the run and writes down what it is made of: parameters, data, program. @throws as `startRun`. */
export async function startRecord({ context, options, dataset, backbone, origin }: RecordInput): Promise<Tracker> {
  const { tracking } = options.params;
  const tracker = await startRun({
    context,
    runsFolder: options.runs,
    experiment: tracking.experiment,
    runName: options.runName,
    newId: options.newRunId,
    tags: {
      'pawl.version': origin.pawlVersion,
      'pawl.params.hash': origin.paramsHash,
      'pawl.backbone.digest': backbone.digest,
      ...(origin.git !== undefined && {
        'mlflow.source.git.commit': origin.git.commit,
        'pawl.git.dirty': String(origin.git.dirty),
      }),
    },
  });
  await tracker.params(paramsOf(options, dataset, backbone));
  await tracker.dataset({ name: options.params.bundle.name, hash: dataset.hash, source: options.data });
  return tracker;
}

/** Parameters by flat names. */
function paramsOf({ params }: TrainOptions, dataset: Dataset, backbone: Backbone): Record<string, string | number> {
  const { augmentation, backbone: address, ...rest } = params.train;
  const counts = splits.map((split) => [
    `pictures_${split}`,
    dataset.items.filter((item) => item.split === split).length,
  ]);
  return {
    ...rest,
    model: `${backbone.name} + linear head`,
    optimizer: 'Adam',
    scheduler: 'StepLR',
    backbone: maskUri(address),
    ...Object.fromEntries(Object.entries(augmentation).map(([name, value]) => [`augmentation_${name}`, value])),
    labels: dataset.labels.join(','),
    ...(Object.fromEntries(counts) as Record<string, number>),
  };
}
