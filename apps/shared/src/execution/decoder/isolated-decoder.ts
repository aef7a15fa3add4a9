import { backoffMs, type Backoff } from '../../concurrency/backoff.ts';
import { sleep, systemClock } from '../../concurrency/clock.ts';
import { PawlError } from '../../errors/pawl-error.ts';
import type { DecodedImage, ImageDecoder } from '../../preprocessing/decode-image.ts';
import { type DecodeEnd, DecoderProcess } from './decoder-process.ts';
import type { DecoderSetup } from './decoder-protocol.ts';

/** Pauses between starts that fail. */
const RESTARTS: Backoff = { initialDelayMs: 50, maxDelayMs: 2_000 };
/** Starts that may fail one after another. */
const MAX_FAILED_STARTS = 5;
/** Processes that may end with one picture. */
const MAX_DEATHS = 2;

/** What a decoder tells its owner. */
export interface DecoderObserver {
  /** A process ended that was to go on; another one is being started. */
  readonly onLoss: (reason: string) => void;
  /** No process can be started any more. */
  readonly onHopeless: (error: unknown) => void;
}

/** A picture that is to be decoded. */
interface Job {
  readonly bytes: Uint8Array;
  /** Of the input that it is wanted for. */
  readonly index: number;
  /** Processes that ended with it. */
  deaths: number;
  readonly resolve: (image: DecodedImage) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An {@link ImageDecoder} whose decoding happens in a child process, one picture at a time in the order they came, those
 * that are wanted for a further input first. A process that ends, or is killed because it does not answer in time, is
 * replaced; the picture that it had is tried once more, alone, and then refused.
 *
 * The next picture is on its way before the caller hears of the one before: a caller that then blocks its thread does not
 * keep the process waiting.
 */
export class IsolatedDecoder implements ImageDecoder {
  /** Resolves when the first process takes pictures; rejects with WORKER_CRASHED when none can be started. */
  readonly started: Promise<void>;

  readonly #setup: DecoderSetup;
  readonly #observer: DecoderObserver;
  readonly #closing = new AbortController();
  readonly #waiting: Job[] = [];
  #current: Job | undefined;
  #process: DecoderProcess | undefined;
  /** Why no process can be started any more. */
  #failure: { readonly error: unknown } | undefined;

  constructor(setup: DecoderSetup, observer: DecoderObserver) {
    this.#setup = setup;
    this.#observer = observer;
    this.started = this.#start();
    // Whoever waits for it hears of it.
    this.started.catch(() => undefined);
  }

  /**
   * As {@link ImageDecoder.decode}, for one of the inputs, by its index; `IMAGE_UNREADABLE` also for a picture that ends the process, and
   * @throws PawlError `WORKER_CRASHED` when no process can be started.
   */
  decode(bytes: Uint8Array, index = 0): Promise<DecodedImage> {
    return new Promise((resolve, reject) => {
      const job: Job = { bytes, index, deaths: 0, resolve, reject };
      // A picture that is wanted once more has waited its turn already.
      if (index > 0) this.#waiting.unshift(job);
      else this.#waiting.push(job);
      this.#next();
    });
  }

  /** Ends the process; what it decodes is not answered any more. */
  close(): void {
    this.#closing.abort();
    this.#process?.kill();
  }

  /** Gives the process its next picture, when it is at rest. */
  #next(): void {
    if (this.#failure !== undefined) for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.error);
    if (this.#current !== undefined || this.#process?.isReady !== true) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#current = job;
    this.#process.decode(job.bytes, job.index, (end) => {
      this.#current = undefined;
      if (end.kind === 'died' && ++job.deaths < MAX_DEATHS) this.#waiting.unshift(job);
      this.#next();
      this.#settle(job, end);
    });
  }

  #settle(job: Job, end: DecodeEnd): void {
    switch (end.kind) {
      case 'decoded':
        job.resolve(end.image);
        return;
      case 'refused':
        job.reject(end.error);
        return;
      case 'hung':
        job.reject(stalled(this.#setup.limits.timeoutMs));
        return;
      case 'died':
        if (job.deaths === MAX_DEATHS) job.reject(deadly(end));
    }
  }

  async #start(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      const process = new DecoderProcess(this.#setup);
      this.#process = process;
      try {
        await process.started;
        void process.gone.then((reason) => {
          this.#replace(reason);
        });
        this.#next();
        return;
      } catch (error) {
        if (failures === MAX_FAILED_STARTS || this.#closing.signal.aborted) {
          this.#failure = { error };
          this.#next();
          if (!this.#closing.signal.aborted) this.#observer.onHopeless(error);
          throw error;
        }
        await sleep(systemClock, backoffMs(RESTARTS, failures), this.#closing.signal);
      }
    }
  }

  #replace(reason: string): void {
    if (this.#closing.signal.aborted) return;
    this.#observer.onLoss(reason);
    this.#start().catch(() => undefined);
  }
}

const stalled = (timeoutMs: number): PawlError =>
  new PawlError('SERVICE_STALLED', {
    message: `The image was not decoded within ${timeoutMs} ms: no CPU was left for it.`,
  });

const deadly = ({ reason }: Extract<DecodeEnd, { kind: 'died' }>): PawlError =>
  new PawlError('IMAGE_UNREADABLE', {
    message: 'The file cannot be decoded: the decoder ended on it, twice.',
    cause: new Error(reason),
  });
