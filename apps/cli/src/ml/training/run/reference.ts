import type { ProjectionsSpec, Reference } from '@pawl/shared/bundle/reference';
import { buildReference } from '@pawl/shared/drift/build-reference';
import { projectFeatures } from '@pawl/shared/drift/project-features';
import { imageStatistics } from '@pawl/shared/preprocessing/image-statistics';
import type { DatasetItem } from '../../data/dataset.ts';
import type { FeatureTable } from '../../types.ts';
import type { Answers } from '../evaluation/probabilities.ts';

/** Projections of the features that a reference holds: a few find most changes, and each is ten time series. */
const PROJECTIONS = 4;

/** What {@link referenceOf} is made of. */
export interface TrainingReference {
  /** Pictures that were trained on. */
  readonly items: readonly DatasetItem[];
  /** Of each, by `imageStatistics`. */
  readonly statistics: readonly Float32Array[];
  /** A row of each. */
  readonly features: FeatureTable | undefined;
  /** Name of the graph's output with the features. */
  readonly featuresOutput: string;
  readonly labels: readonly string[];
  /** On pictures that were not trained on. */
  readonly answers: Answers;
  /** Of the same pictures, where the model has an output for it. */
  readonly known: Float64Array | undefined;
}

/** Pure: `reference.json` of a training. */
export function referenceOf(training: TrainingReference): Reference {
  const { items, statistics, features, featuresOutput, labels, answers, known } = training;
  const projections: ProjectionsSpec = { output: featuresOutput, count: PROJECTIONS };
  return buildReference({
    labels,
    projections,
    inputs: items.map(({ source }, row) => ({
      ...Object.fromEntries(imageStatistics.map((name, index) => [name, statistics[row]?.[index] ?? 0])),
      width: source?.width,
      height: source?.height,
      aspect: source && source.width / source.height,
      bytes: source?.bytes,
      bytes_per_pixel: source && source.bytes / (source.width * source.height),
      ...Object.fromEntries(
        projectFeatures(rowOf(features, row), PROJECTIONS).map((value, index) => [`projection_${index}`, value]),
      ),
    })),
    answers: Array.from(answers.answered, (label, row) => ({
      label: labels[label] ?? '',
      confidence: answers.confidence[row] ?? 0,
      known: known?.[row],
    })),
  });
}

const rowOf = (table: FeatureTable | undefined, row: number): Float32Array =>
  table?.values.subarray(row * table.width, (row + 1) * table.width) ?? new Float32Array();
