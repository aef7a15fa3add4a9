import type { GraphSpec } from './onnx-session.ts';
import type { Augmentation } from '../preprocessing/augment.ts';
import type { ImageStatistic } from '../preprocessing/image-statistics.ts';
import type { ImageLimits } from '../preprocessing/limits.ts';
import type { Refusal } from './refusal.ts';

/** What a feature worker is started with. */
export interface FeatureSetup {
  /** The ONNX graph, verified; all threads share it. */
  readonly model: Uint8Array<SharedArrayBuffer>;
  readonly spec: GraphSpec;
  readonly limits: ImageLimits;
}

/** Main thread -> worker: one encoded image, whose buffer is transferred, and the variants of it that are wanted. */
export interface FeatureTask {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `null` is the picture as it is. */
  readonly variants: readonly (Augmentation | null)[];
}

/** What the graph says of a picture. */
export interface Extracted {
  /** One for each variant that was asked for: the values of the graph's outputs, one output after the other. */
  readonly rows: readonly Float32Array[];
  /** Of the picture as it is. */
  readonly statistics: Readonly<Record<ImageStatistic, number>>;
}

/** Worker -> main thread. `ready` comes once, after the session is loaded and warm. */
export type FeatureMessage =
  | {
      readonly kind: 'ready';
      /** Values an image, of all outputs together. */
      readonly width: number;
      /** Of the first output, as the graph says it. */
      readonly shape: readonly (number | string)[] | undefined;
    }
  | ({ readonly kind: 'failed-to-start' } & Refusal)
  | ({ readonly kind: 'done'; readonly id: number } & Extracted)
  | ({ readonly kind: 'refused'; readonly id: number } & Refusal);
