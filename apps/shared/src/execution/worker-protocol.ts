import type { ImageStatistic } from '../preprocessing/image-statistics.ts';
import type { ImageLimits } from '../preprocessing/limits.ts';
import type { Refusal } from './refusal.ts';
import type { GraphSetup, StagedOutput } from './staged-session.ts';

/** What a worker thread is started with. */
export interface WorkerSetup extends GraphSetup {
  readonly limits: ImageLimits;
  /** Added to the thread's nice value, 0..19, so that the main thread answers probes while every core computes. */
  readonly niceness: number;
  /** Whether pictures are measured, for drift. */
  readonly measures?: boolean | undefined;
}

/** Main thread -> worker: one encoded image; the buffer is transferred. */
export interface WorkerTask {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What the worker measured on the way, milliseconds. */
export interface StageTimings {
  /** Header check, decoding, colour conversion and resizing; of both sizes, where both graphs were asked. */
  readonly decodeMs: number;
  /** The graph, or both. */
  readonly inferMs: number;
}

/** Facts about the picture as it was sent. */
export interface ImageFacts {
  readonly format: string;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** Frames of an animation; only the first is used. */
  readonly frames: number;
  /** Of `measureImage`, in the size of the first graph that is asked; absent where nobody wants them. */
  readonly statistics?: Readonly<Record<ImageStatistic, number>> | undefined;
}

/** Worker -> main thread. `ready` comes once, after the session is loaded and warm. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** A decoder process ended and is replaced. */
  | { readonly kind: 'decoder-lost'; readonly reason: string }
  | ({ readonly kind: 'failed-to-start' } & Refusal)
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly said: StagedOutput;
      readonly image: ImageFacts;
      readonly timings: StageTimings;
    }
  | ({ readonly kind: 'refused'; readonly id: number } & Refusal);
