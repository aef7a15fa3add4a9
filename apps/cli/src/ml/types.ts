import type { ShareInterval } from '@pawl/shared/statistics/share-interval';
import type { Head } from '../bundles/onnx/head.ts';
import type { Params } from './params/params.ts';

/** Rows of features with their classes. */
export interface FeatureTable {
  /** `rows * width` float32, row by row. */
  readonly values: Float32Array;
  readonly width: number;
  readonly rows: number;
  /** Class index of each row. */
  readonly classes: Uint16Array;
}

/** What the head is trained on: the originals, and for each of them the same number of altered copies. */
export interface TrainingTable {
  /** `tables[0]` are the originals, the others the copies; rows correspond. */
  readonly tables: readonly FeatureTable[];
}

/** One epoch as it is logged. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean over the unaltered training rows after the epoch, with dropout off; nats. */
  readonly train_loss: number;
  readonly train_acc: number;
  /** With dropout off; nats. */
  readonly val_loss: number;
  readonly val_acc: number;
  readonly lr: number;
}

/** A trained head and how it came to be. */
export interface TrainedHead {
  /** Of the epoch with the lowest validation loss, not calibrated. */
  readonly head: Head;
  readonly history: readonly EpochRecord[];
  readonly bestEpoch: number;
}

/** A bin of the reliability diagram. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence of the bin's rows, 0..1; 0 for an empty bin. */
  readonly confidence: number;
  /** Share of right answers, 0..1; 0 for an empty bin. */
  readonly accuracy: number;
}

/** Point of a ROC curve; both 0..1. */
export interface RocPoint {
  readonly fpr: number;
  readonly tpr: number;
}

/** Everything that is measured on one split. */
export interface Evaluation {
  readonly count: number;
  readonly accuracy: number;
  /** By label; NaN for a label that no row has. */
  readonly recall: Readonly<Record<string, number>>;
  /** One-vs-rest, macro average for several classes; NaN when a class is absent. */
  readonly rocAuc: number;
  /** Mean negative log-likelihood; nats. */
  readonly logLoss: number;
  /** Expected calibration error, 15 equal-width bins of confidence (Guo et al. 2017, arXiv:1706.04599). */
  readonly ece: number;
  /** `confusion[actual][answered]`, counts. */
  readonly confusion: readonly (readonly number[])[];
  readonly reliability: readonly ReliabilityBin[];
  /** By label that counts as positive; for two labels only the second. */
  readonly roc: Readonly<Record<string, readonly RocPoint[]>>;
  /** Area under each curve of `roc`; NaN when a class is absent. */
  readonly rocAucByLabel: Readonly<Record<string, number>>;
}

/** A group of test pictures that share something. */
export interface Slice {
  /** What they are grouped by: size, brightness, aspect, format, folder. */
  readonly by: string;
  readonly value: string;
  readonly count: number;
  readonly accuracy: number;
  /** 95 %, of the accuracy. */
  readonly interval: ShareInterval;
}

/** A threshold of the gate that was not met. */
export interface GateViolation {
  readonly measure: Exclude<keyof Params['gate'], 'confidence'>;
  /** Whose recall it is. */
  readonly label?: string | undefined;
  readonly value: number;
  readonly limit: number;
  /** One sentence. */
  readonly message: string;
}
