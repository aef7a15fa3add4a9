import './no-telemetry.ts';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sleep, systemClock } from '../concurrency/clock.ts';
import { inBackground } from '../concurrency/in-background.ts';
import { PawlError } from '../errors/pawl-error.ts';
import type { ImageTask } from './image-task.ts';
import { joinChunks } from './join-chunks.ts';
import { inputsOf } from './stage.ts';
import type { WorkerMessage, WorkerSetup, WorkerTask } from './worker-protocol.ts';

/** What a worker tells its pool. */
export interface WorkerObserver {
  /** It is through with an image, which took so long from when it was handed over, milliseconds. */
  readonly onWorked: (ms: number) => void;
  /** It has room for another image. */
  readonly onIdle: () => void;
  /** It is gone; `held` are the images that it had. Called once, and not after {@link ImageWorker.close}. */
  readonly onDeath: (reason: string, held: readonly ImageTask[]) => void;
  /** A decoder process of it ended and is being replaced. */
  readonly onDecoderLost: (reason: string) => void;
  /** It was told to end and does not: it is inside native code for good, and so the process cannot end in order. */
  readonly onStuck: (reason: string) => void;
}

/** JavaScript heap of a worker: it holds a few small objects an image; pixels and weights lie outside. MB. */
const HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };
/** Time a worker may take to load and warm a model, milliseconds. */
const START_TIMEOUT_MS = 60_000;
/**
 * Time beyond the limits of decoding the image after which a silent worker is taken for hung, milliseconds. Generous: the image may
 * wait for the one before it, and a large model on a throttled core takes seconds an image without being hung.
 */
const HANG_MARGIN_MS = 10_000;
/** Time that held images get to finish when the pool closes, milliseconds. */
const CLOSE_TIMEOUT_MS = 6_000;
/** Time that a thread may take to end when it is told to; one that runs JavaScript ends at once. Milliseconds. */
const END_TIMEOUT_MS = 2_000;

// Beside the sources (.ts, run by type stripping) as well as beside the build (.js).
const entry = new URL(`./image-worker${extname(import.meta.url)}`, import.meta.url);

/** One worker thread, the images it holds, and the watchdogs over both. */
export class ImageWorker {
  /** Resolves when the model is loaded and warm; rejects with the worker's own error. */
  readonly started: Promise<void>;
  /** Images it holds, by id. */
  readonly held = new Map<number, ImageTask>();
  ready = false;

  readonly #thread: Worker;
  readonly #observer: WorkerObserver;
  readonly #hangMs: number;
  readonly #watchdogs = new Map<number, NodeJS.Timeout>();
  #nextId = 0;
  #reason = 'it exited';
  #gone = false;
  #closing: (() => void) | undefined;

  constructor(setup: WorkerSetup, observer: WorkerObserver) {
    this.#observer = observer;
    this.#hangMs = inputsOf(setup.spec).length * setup.limits.timeoutMs + HANG_MARGIN_MS;
    this.#thread = new Worker(entry, { workerData: setup, name: 'pawl-image-worker', resourceLimits: HEAP });
    this.started = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#kill('it did not load the model in time');
      }, START_TIMEOUT_MS);
      this.#thread.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') {
          clearTimeout(timer);
          this.ready = true;
          resolve();
        } else if (message.kind === 'failed-to-start') {
          reject(new PawlError(message.code, message));
          this.#kill(message.message);
        } else if (message.kind === 'decoder-lost') this.#observer.onDecoderLost(message.reason);
        else this.#settle(message);
      });
      this.#thread.on('error', (error: unknown) => {
        this.#reason = error instanceof Error ? error.message : String(error);
      });
      this.#thread.on('exit', (code) => {
        clearTimeout(timer);
        reject(new PawlError('WORKER_CRASHED', { message: `A worker ended with code ${code} while it started.` }));
        this.#onExit();
      });
    });
  }

  /** Hands an image over; the pool has checked that there is room. */
  assign(task: ImageTask): void {
    const id = this.#nextId++;
    const message: WorkerTask = { id, bytes: joinChunks(task.chunks) };
    task.dispatchedAt = performance.now();
    task.isHeld = true;
    this.held.set(id, task);
    this.#watchdogs.set(
      id,
      setTimeout(() => {
        this.#kill(`it did not answer within ${this.#hangMs} ms`);
      }, this.#hangMs),
    );
    this.#thread.postMessage(message, [message.bytes.buffer]);
  }

  /** Lets it finish what it holds, then ends it. Resolves also when it does not end, which is told as stuck. */
  async close(): Promise<void> {
    if (this.#gone) return;
    // Terminated inside a native call that then fails, a thread takes the whole process with it: onnxruntime's binding
    // cannot raise its error any more and aborts. So what is still loading is let finish, or fail.
    await this.started.catch(() => undefined);
    if (this.held.size > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
        this.#closing = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#gone = true;
    this.ready = false;
    for (const timer of this.#watchdogs.values()) clearTimeout(timer);
    await this.#terminate('it holds images that it does not finish');
  }

  #settle(message: Extract<WorkerMessage, { id: number }>): void {
    const task = this.held.get(message.id);
    this.held.delete(message.id);
    clearTimeout(this.#watchdogs.get(message.id));
    this.#watchdogs.delete(message.id);
    if (task === undefined) return;
    task.isHeld = false;
    if (message.kind === 'done') {
      const queueMs = (task.dispatchedAt ?? task.enqueuedAt) - task.enqueuedAt;
      task.resolve({
        ...message.said,
        image: message.image,
        timings: { ...message.timings, queueMs },
      });
    } else task.reject(new PawlError(message.code, message));
    task.finish();
    if (this.held.size === 0) this.#closing?.();
    this.#observer.onWorked(performance.now() - (task.dispatchedAt ?? task.enqueuedAt));
    this.#observer.onIdle();
  }

  #kill(reason: string): void {
    this.#reason = reason;
    this.ready = false;
    inBackground(this.#terminate(reason), () => undefined);
  }

  /** Ends the thread; a thread inside native code is only asked to, and may never hear of it (nodejs/node#18237). */
  async #terminate(reason: string): Promise<void> {
    const gaveUp = new AbortController();
    const ended = this.#thread.terminate().then(() => {
      gaveUp.abort();
    });
    const stuck = sleep(systemClock, END_TIMEOUT_MS, gaveUp.signal).then((late) => {
      if (late) this.#observer.onStuck(reason);
    });
    await Promise.race([ended, stuck]);
  }

  #onExit(): void {
    this.ready = false;
    for (const timer of this.#watchdogs.values()) clearTimeout(timer);
    this.#closing?.();
    if (this.#gone) return;
    this.#gone = true;
    this.#observer.onDeath(this.#reason, [...this.held.values()]);
  }
}
