import './no-telemetry.ts';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PawlError } from '../errors/pawl-error.ts';
import type { Augmentation } from '../preprocessing/augment.ts';
import type { Extracted, FeatureMessage, FeatureSetup, FeatureTask } from './feature-protocol.ts';

/** A picture whose features are wanted. */
interface Job {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly variants: readonly (Augmentation | null)[];
  readonly resolve: (extracted: Extracted) => void;
  readonly reject: (error: PawlError) => void;
}

/** JavaScript heap of a worker; pixels and weights lie outside. MB. */
const HEAP = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };
/** Pictures that one worker holds: it decodes the next while the first one infers. */
const IN_FLIGHT = 2;
/** Time that a worker may take to load and warm the graph, milliseconds. */
const START_TIMEOUT_MS = 120_000;

// Beside the sources (.ts, run by type stripping) as well as beside the build (.js).
const entry = new URL(`./feature-worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Worker threads that compute one output of a graph for pictures, one session and one core each. Work that was given is
 * done in any order. A worker that dies ends the pool: everything under way fails with WORKER_CRASHED.
 */
export class FeaturePool {
  readonly #workers: readonly FeatureWorker[];
  readonly #waiting: Job[] = [];
  #failure: PawlError | undefined;

  private constructor(workers: readonly FeatureWorker[]) {
    this.#workers = workers;
  }

  /**
   * Starts `size` workers and resolves when all are warm.
   * @throws PawlError MODEL_INCOMPATIBLE, with what onnxruntime said as cause.
   */
  static async start(setup: FeatureSetup, size: number): Promise<FeaturePool> {
    const workers = Array.from({ length: size }, () => new FeatureWorker(setup));
    try {
      await Promise.all(workers.map((worker) => worker.started));
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.close()));
      throw error;
    }
    const pool = new FeaturePool(workers);
    for (const worker of workers) {
      worker.onIdle = () => {
        pool.#dispatch();
      };
      worker.onDeath = (error) => {
        pool.#refuseWaiting(error);
      };
    }
    return pool;
  }

  /** Values that one picture gives. */
  get width(): number {
    return this.#workers[0]?.width ?? 0;
  }

  /** Of the output, as the graph says it: a number, or the name of a dynamic dimension. */
  get shape(): readonly (number | string)[] | undefined {
    return this.#workers[0]?.shape;
  }

  /** Pictures that keep every worker busy, when this many are given at once. */
  get capacity(): number {
    return this.#workers.length * IN_FLIGHT;
  }

  /**
   * One row of {@link width} values for each variant of a picture, `null` being the picture as it is. The caller bounds how
   * many it asks for at once ({@link capacity}).
   *
   * @param bytes the encoded picture, alone in its buffer, which is transferred: it is empty afterwards.
   * @throws PawlError of the decoder, INFERENCE_FAILED, WORKER_CRASHED.
   */
  extract(bytes: Uint8Array<ArrayBuffer>, variants: readonly (Augmentation | null)[]): Promise<Extracted> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, variants, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the workers after what they hold; what waits is refused. */
  async close(): Promise<void> {
    this.#refuseWaiting(new PawlError('MODEL_NOT_READY', { message: 'The pool is closed.' }));
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  #dispatch(): void {
    for (;;) {
      const [next] = this.#waiting;
      const free = this.#workers.reduce<FeatureWorker | undefined>(
        (best, worker) => (worker.held < Math.min(IN_FLIGHT, best?.held ?? IN_FLIGHT) ? worker : best),
        undefined,
      );
      if (next === undefined || free === undefined) return;
      this.#waiting.shift();
      free.assign(next);
    }
  }

  /** Refuses what waits and all that comes. */
  #refuseWaiting(error: PawlError): void {
    this.#failure ??= error;
    for (const job of this.#waiting.splice(0)) job.reject(error);
  }
}

/** One worker thread and the pictures that it holds. */
class FeatureWorker {
  /** Resolves when the graph is loaded and warm; rejects with the worker's own error. */
  readonly started: Promise<void>;
  width = 0;
  shape: readonly (number | string)[] | undefined;
  onIdle: () => void = () => undefined;
  onDeath: (error: PawlError) => void = () => undefined;

  readonly #thread: Worker;
  readonly #jobs = new Map<number, Job>();
  #nextId = 0;
  #reason = 'it exited';
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(setup: FeatureSetup) {
    this.#thread = new Worker(entry, { workerData: setup, name: 'pawl-feature-worker', resourceLimits: HEAP });
    this.started = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#reason = 'it did not load the graph in time';
        void this.#thread.terminate();
      }, START_TIMEOUT_MS);
      this.#thread.on('message', (message: FeatureMessage) => {
        if (message.kind === 'ready') {
          clearTimeout(timer);
          ({ width: this.width, shape: this.shape } = message);
          resolve();
        } else if (message.kind === 'failed-to-start') reject(new PawlError(message.code, message));
        else this.#settle(message);
      });
      this.#thread.on('error', (error: unknown) => {
        this.#reason = error instanceof Error ? error.message : String(error);
      });
      this.#thread.on('exit', () => {
        clearTimeout(timer);
        const error = new PawlError('WORKER_CRASHED', {
          message: `A worker that computes features died: ${this.#reason}.`,
          hint: 'Run the same command again: what was computed is kept. If it dies again, look at the memory limit.',
        });
        reject(error);
        this.#drained?.();
        if (this.#closed) return;
        this.#closed = true;
        for (const job of this.#jobs.values()) job.reject(error);
        this.#jobs.clear();
        this.onDeath(error);
      });
    });
    // Looked at by the pool; a second worker that fails as the first one did must not end the process.
    this.started.catch(() => undefined);
  }

  get held(): number {
    return this.#closed ? Infinity : this.#jobs.size;
  }

  assign(job: Job): void {
    const task: FeatureTask = { id: this.#nextId++, bytes: job.bytes, variants: job.variants };
    this.#jobs.set(task.id, job);
    this.#thread.postMessage(task, [task.bytes.buffer]);
  }

  /** Ends the thread after what it holds: terminated inside native code, it could take the process with it. */
  async close(): Promise<void> {
    await this.started.catch(() => undefined);
    if (this.#jobs.size > 0 && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    this.#closed = true;
    await this.#thread.terminate();
  }

  #settle(message: Extract<FeatureMessage, { id: number }>): void {
    const job = this.#jobs.get(message.id);
    this.#jobs.delete(message.id);
    if (message.kind === 'done') job?.resolve(message);
    else job?.reject(new PawlError(message.code, message));
    if (this.#jobs.size === 0) this.#drained?.();
    this.onIdle();
  }
}
