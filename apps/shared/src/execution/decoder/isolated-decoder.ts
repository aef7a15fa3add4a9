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
const MAX_ATTEMPTS = 2;

/** What a decoder tells its owner. */
export interface DecoderObserver {
  /** A process ended that was to go on; another one is being started. */
  readonly onLoss: (reason: string) => void;
  /** No process can be started any more. */
  readonly onHopeless: (error: unknown) => void;
}

/**
 * An {@link ImageDecoder} whose decoding happens in a child process, one picture at a time in the order they came. A
 * process that ends, or is killed because it does not answer in time, is replaced; the picture that it had is tried once
 * more, alone, and then refused.
 */
export class IsolatedDecoder implements ImageDecoder {
  readonly #options: DecoderSetup;
  readonly #observer: DecoderObserver;
  /** Settled when the pictures before are done. */
  #turn: Promise<unknown> = Promise.resolve();
  #process: Promise<DecoderProcess>;
  #running: DecoderProcess | undefined;
  readonly #closing = new AbortController();

  constructor(options: DecoderSetup, observer: DecoderObserver) {
    this.#options = options;
    this.#observer = observer;
    this.#process = this.#start();
    // Whoever waits for it hears of it.
    this.#process.catch(() => undefined);
  }

  /** Resolves when the first process takes pictures. @throws PawlError WORKER_CRASHED when none can be started. */
  get started(): Promise<unknown> {
    return this.#process;
  }

  /**
   * As {@link ImageDecoder.decode}; `IMAGE_UNREADABLE` also for a picture that ends the process, and
   * @throws PawlError `WORKER_CRASHED` when no process can be started.
   */
  decode(bytes: Uint8Array): Promise<DecodedImage> {
    const turn = this.#turn.then(() => this.#decode(bytes));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the process; what it decodes is not answered any more. */
  close(): void {
    this.#closing.abort();
    this.#running?.kill();
  }

  async #decode(bytes: Uint8Array): Promise<DecodedImage> {
    for (let attempt = 1; ; attempt += 1) {
      const end = await (await this.#process).decode(bytes);
      switch (end.kind) {
        case 'decoded':
          return end.image;
        case 'refused':
          throw end.error;
        case 'hung':
          throw stalled(this.#options.limits.timeoutMs);
        case 'died':
          if (attempt === MAX_ATTEMPTS) throw deadly(end);
      }
    }
  }

  async #start(): Promise<DecoderProcess> {
    for (let failures = 1; ; failures += 1) {
      const process = new DecoderProcess(this.#options);
      this.#running = process;
      try {
        await process.started;
        void process.gone.then((reason) => {
          this.#replace(reason);
        });
        return process;
      } catch (error) {
        if (failures === MAX_FAILED_STARTS && !this.#closing.signal.aborted) this.#observer.onHopeless(error);
        if (failures === MAX_FAILED_STARTS || this.#closing.signal.aborted) throw error;
        await sleep(systemClock, backoffMs(RESTARTS, failures), this.#closing.signal);
      }
    }
  }

  #replace(reason: string): void {
    if (this.#closing.signal.aborted) return;
    this.#observer.onLoss(reason);
    this.#process = this.#start();
    this.#process.catch(() => undefined);
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
