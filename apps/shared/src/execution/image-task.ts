import type { PawlError } from '../errors/pawl-error.ts';
import type { StagedOutput } from './staged-session.ts';
import type { ImageFacts, StageTimings } from './worker-protocol.ts';

/** What the graph said about one image, and where the time went. */
export interface Classification extends StagedOutput {
  readonly image: ImageFacts;
  readonly timings: StageTimings & {
    /** Waiting for a worker, milliseconds. */
    readonly queueMs: number;
  };
}

/** How long an image is wanted, and who is to blame when that is not enough. */
export interface Interest {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from now until the answer is worthless. */
  readonly deadlineMs: number;
  /** Estimate of the CPU time that decoding it takes on a slow core, milliseconds; absent: not known, and not to blame. */
  readonly decodeMs?: number | undefined;
  /** Called once, when nobody works on the image any more: after the answer where it was given up. */
  readonly onFinished?: (() => void) | undefined;
}

/** One image on its way through a pool. */
export interface ImageTask {
  /** The encoded image as it arrived; kept until the answer is there, so that another worker can try again. */
  readonly chunks: readonly Uint8Array[];
  readonly decodeMs: number;
  readonly enqueuedAt: number;
  /** When the answer becomes worthless, by the same clock. */
  readonly deadlineAt: number;
  dispatchedAt: number | undefined;
  /** Times that a worker died holding it. */
  crashes: number;
  settled: boolean;
  /** Whether a worker has it: it may, although nobody waits for the answer any more. */
  isHeld: boolean;
  /** Tells `onFinished`, once. */
  readonly finish: () => void;
  resolve: (classification: Classification) => void;
  reject: (error: PawlError) => void;
}
