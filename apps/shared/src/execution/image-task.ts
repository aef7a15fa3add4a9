import type { PawlError } from '../errors/pawl-error.ts';
import type { ImageFacts, StageTimings } from './worker-protocol.ts';

/** What the graph said about one image, and where the time went. */
export interface Classification {
  /** The graph's output values for this image. */
  readonly output: readonly number[];
  readonly image: ImageFacts;
  readonly timings: StageTimings & {
    /** Waiting for a worker, milliseconds. */
    readonly queueMs: number;
  };
}

/** How long an image is wanted. */
export interface Interest {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now until the answer is worthless. */
  readonly deadlineMs: number;
}

/** One image on its way through a pool. */
export interface ImageTask {
  /** The encoded image as it arrived; kept until the answer is there, so that another worker can try again. */
  readonly chunks: readonly Uint8Array[];
  readonly enqueuedAt: number;
  dispatchedAt: number | undefined;
  /** Times that a worker died holding it. */
  crashes: number;
  settled: boolean;
  resolve: (classification: Classification) => void;
  reject: (error: PawlError) => void;
}
