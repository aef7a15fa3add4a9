import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { Reference } from '@pawl/shared/bundle/reference';
import type { Classification, Interest } from '@pawl/shared/execution/image-task';

/** How busy a backend is now. */
export interface BackendUsage {
  /** Images that wait for a worker, or for the memory to be decoded in. */
  readonly queueDepth: number;
  /** Images that workers hold. */
  readonly inFlight: number;
  /** Workers that take images. */
  readonly readyWorkers: number;
  /** Workers that died since the start. */
  readonly workerDeaths: number;
  /** Processes that decode for workers and that ended since the start: killed at the time limit, or crashed. */
  readonly decoderDeaths: number;
}

/**
 * The port to the runtime of the graph. One implementation runs onnxruntime in worker threads; tests have a double. A
 * backend serves one bundle for its life: weights are not swapped inside a process, because releasing sessions leaks.
 */
export abstract class ModelBackend {
  /**
   * Loads and warms the bundle's graph, from the very bytes that were verified.
   * @param reference what pictures are measured for; undefined: they are not.
   * @throws PawlError MODEL_INCOMPATIBLE when graph and manifest disagree, MODEL_EXTERNAL_DATA, and those of `Bundle.read`.
   */
  abstract load(bundle: Bundle, reference?: Reference): Promise<void>;

  /** Whether `count` more images would be admitted now. */
  abstract hasRoom(count: number): boolean;

  /**
   * Classifies one encoded image, given as the chunks it arrived in.
   * @throws PawlError one of the codes of `ImageWorkerPool.classify`.
   */
  abstract classify(chunks: readonly Uint8Array[], interest: Interest): Promise<Classification>;

  abstract get usage(): BackendUsage;

  /**
   * Resolves with one sentence when the backend cannot recover inside this process: native code that does not return, or
   * workers that do not start any more. Never rejects, and usually stays pending.
   */
  abstract get stuck(): Promise<string>;

  /** Finishes what is in flight and frees everything. */
  abstract close(): Promise<void>;
}
