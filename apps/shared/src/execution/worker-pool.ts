import { EventEmitter } from 'node:events';
import { backoffMs, type Backoff } from '../concurrency/backoff.ts';
import { inBackground } from '../concurrency/in-background.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { isToBlame } from '../preprocessing/decode-cost.ts';
import type { Classification, ImageTask, Interest } from './image-task.ts';
import { ImageWorker } from './worker-handle.ts';
import { TaskQueue } from './task-queue.ts';
import { WorkTime } from './work-time.ts';
import type { WorkerSetup } from './worker-protocol.ts';

/** How a pool is sized and bounded. */
export interface WorkerPoolOptions {
  /** Worker threads, one session and one core each, at least 1. */
  readonly size: number;
  /** Images that may wait beyond those that the workers hold. */
  readonly queueLimit: number;
  /** Images given to one worker at once: 2 lets it decode the next while the first one infers. */
  readonly inFlightPerWorker: number;
  readonly setup: WorkerSetup;
}

/** What a pool tells about its workers. */
interface WorkerPoolEvents {
  /** The number of ready workers changed. */
  workers: [ready: number];
  /** A worker died and is being replaced. */
  died: [reason: string];
  /** A process that decodes for a worker ended and is being replaced. */
  decoderLost: [reason: string];
  /**
   * The pool cannot recover by itself: a worker is inside native code for good and keeps its core and memory, or workers
   * end as often as they are started. Only a new process helps.
   */
  stuck: [reason: string];
}

/** Pauses before a worker that died is started again. */
const RESTARTS: Backoff = { initialDelayMs: 50, maxDelayMs: 5_000 };
/** Starts that may fail one after another, about ten seconds of them, before the pool is given up. */
const MAX_FAILED_STARTS = 8;

/**
 * A fixed pool of worker threads behind a bounded queue. A worker that dies is replaced; an image that it held is tried
 * once more, then refused with WORKER_CRASHED. An image that nobody waits for is dropped before any work is done on it.
 */
export class ImageWorkerPool extends EventEmitter<WorkerPoolEvents> {
  readonly #options: WorkerPoolOptions;
  readonly #queue: TaskQueue<ImageTask>;
  readonly #workers = new Set<ImageWorker>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  readonly #workTime = new WorkTime();
  #failedStarts = 0;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    super();
    this.#options = options;
    this.#queue = new TaskQueue(options.queueLimit);
  }

  /**
   * Starts every worker and resolves when all are ready.
   * @throws PawlError MODEL_INCOMPATIBLE (or what a worker reports) when one cannot load the model.
   */
  async start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.#options.size }, () => this.#spawn()));
      if (this.#closed) throw new PawlError('MODEL_NOT_READY', { message: 'The pool was closed while it started.' });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Workers that take images now. */
  get readyWorkers(): number {
    let ready = 0;
    for (const worker of this.#workers) if (worker.ready) ready += 1;
    return ready;
  }

  /** Images that wait for a worker. */
  get queueDepth(): number {
    return this.#queue.size;
  }

  /** Images that workers hold. */
  get inFlight(): number {
    let held = 0;
    for (const worker of this.#workers) held += worker.held.size;
    return held;
  }

  /** Whether `count` images would be admitted now. */
  hasRoom(count = 1): boolean {
    let free = 0;
    for (const worker of this.#workers)
      if (worker.ready) free += Math.max(0, this.#options.inFlightPerWorker - worker.held.size);
    return this.#queue.hasRoom(count - free);
  }

  /**
   * Classifies one encoded image, given as the chunks it arrived in; they are joined when its turn comes.
   * @throws PawlError OVERLOADED, DEADLINE_EXCEEDED, SERVICE_STALLED, IMAGE_TIMEOUT, CLIENT_CLOSED_REQUEST, WORKER_CRASHED,
   *   INFERENCE_FAILED or one of the decoder's codes.
   */
  classify(
    chunks: readonly Uint8Array[],
    { signal, deadlineMs, decodeMs = 0, onFinished }: Interest,
  ): Promise<Classification> {
    const refusal = this.#refusal(signal);
    if (refusal !== undefined) {
      onFinished?.();
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      let finished = false;
      const enqueuedAt = performance.now();
      const task: ImageTask = {
        chunks,
        decodeMs,
        enqueuedAt,
        deadlineAt: enqueuedAt + deadlineMs,
        dispatchedAt: undefined,
        crashes: 0,
        settled: false,
        isHeld: false,
        finish: () => {
          if (!finished) onFinished?.();
          finished = true;
        },
        resolve: (classification) => {
          if (settle()) resolve(classification);
        },
        reject: (error) => {
          if (settle()) reject(error);
        },
      };
      const settle = (): boolean => {
        if (task.settled) return false;
        task.settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abandon);
        this.#queue.remove(task);
        if (!task.isHeld) task.finish();
        return true;
      };
      const abandon = (): void => {
        task.reject(clientClosed());
      };
      const timer = setTimeout(() => {
        task.reject(tooLate(task));
      }, deadlineMs);
      signal?.addEventListener('abort', abandon);
      this.#queue.push(task);
      this.#dispatch();
    });
  }

  /** Stops taking images, refuses those that wait and ends the workers after what they hold. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift())
      task.reject(new PawlError('MODEL_NOT_READY', { message: 'The service is shutting down.' }));
    await Promise.all([...this.#workers].map((worker) => worker.close()));
    this.#workers.clear();
  }

  /** Why an image is not taken now. */
  #refusal(signal: AbortSignal | undefined): PawlError | undefined {
    if (this.#closed || this.#workers.size + this.#restarts.size === 0)
      return new PawlError('MODEL_NOT_READY', { message: 'The workers are not running.' });
    if (!this.hasRoom()) return new PawlError('OVERLOADED', { message: 'The queue of images is full.' });
    return signal?.aborted === true ? clientClosed() : undefined;
  }

  async #spawn(): Promise<void> {
    const worker = new ImageWorker(this.#options.setup, {
      onWorked: (ms) => {
        this.#workTime.observe(ms);
      },
      onIdle: () => {
        this.#dispatch();
      },
      onDeath: (reason, held) => {
        this.#replace(worker, reason, held);
      },
      onDecoderLost: (reason) => {
        this.emit('decoderLost', reason);
      },
      onStuck: (reason) => {
        this.#giveUp(worker, reason);
      },
    });
    this.#workers.add(worker);
    await worker.started;
    this.#failedStarts = 0;
    this.emit('workers', this.readyWorkers);
    this.#dispatch();
  }

  /** Gives waiting images to the least busy workers that have room. */
  #dispatch(): void {
    for (let task = this.#queue.peek(); task !== undefined; task = this.#queue.peek()) {
      let chosen: ImageWorker | undefined;
      for (const worker of this.#workers)
        if (this.#mayTake(worker, task) && worker.held.size < (chosen?.held.size ?? Infinity)) chosen = worker;
      if (chosen === undefined) return;
      this.#queue.remove(task);
      // To a worker at rest it is given in any case: that is how the pool learns that work is quick again.
      if (chosen.held.size > 0 && this.#workTime.exceeds(task.deadlineAt - performance.now())) task.reject(tooBusy());
      else chosen.assign(task);
    }
  }

  /**
   * An image whose worker died may be what killed it. It is tried again alone, or it would take an innocent neighbour
   * down with it a second time.
   */
  #mayTake(worker: ImageWorker, task: ImageTask): boolean {
    if (!worker.ready) return false;
    if (task.crashes > 0) return worker.held.size === 0;
    for (const held of worker.held.values()) if (held.crashes > 0) return false;
    return worker.held.size < this.#options.inFlightPerWorker;
  }

  /** A worker that does not end is not replaced: each would keep a core and the memory of a session for good. */
  #giveUp(worker: ImageWorker, reason: string): void {
    this.#workers.delete(worker);
    for (const task of worker.held.values()) {
      task.isHeld = false;
      task.finish();
      task.reject(new PawlError('WORKER_CRASHED', { message: 'The worker that held this image hangs.' }));
    }
    this.emit('workers', this.readyWorkers);
    this.emit('stuck', `a worker does not end: ${reason}`);
  }

  /** Replaces a dead worker and deals with the images it held. */
  #replace(worker: ImageWorker, reason: string, held: readonly ImageTask[]): void {
    this.#workers.delete(worker);
    if (this.#closed) return;
    this.emit('died', reason);
    this.emit('workers', this.readyWorkers);
    for (const task of held) {
      task.isHeld = false;
      task.crashes += 1;
      if (task.settled) task.finish();
      if (task.settled) continue;
      if (task.crashes === 1) this.#queue.push(task);
      else task.reject(new PawlError('WORKER_CRASHED', { message: 'Two workers died while they held this image.' }));
    }
    this.#failedStarts += 1;
    if (this.#failedStarts > MAX_FAILED_STARTS) this.emit('stuck', `workers do not start any more: ${reason}`);
    const timer = setTimeout(
      () => {
        this.#restarts.delete(timer);
        // A failed start ends here again, which schedules the next try.
        inBackground(this.#spawn(), () => undefined);
      },
      backoffMs(RESTARTS, this.#failedStarts),
    );
    this.#restarts.add(timer);
    this.#dispatch();
  }
}

const clientClosed = () => new PawlError('CLIENT_CLOSED_REQUEST', { message: 'The client went away.' });

const tooBusy = () =>
  new PawlError('DEADLINE_EXCEEDED', {
    message: 'The image waited in the queue until it could not be answered in time.',
  });

/** Too many images, too little CPU for those that are worked on, or an image that takes all of it. */
function tooLate({ dispatchedAt, enqueuedAt, decodeMs }: ImageTask): PawlError {
  if (dispatchedAt === undefined) return tooBusy();
  if (isToBlame(decodeMs, performance.now() - enqueuedAt))
    return new PawlError('IMAGE_TIMEOUT', { message: 'The deadline passed while the image was decoded.' });
  return new PawlError('SERVICE_STALLED', { message: 'The deadline passed while the image was worked on.' });
}
