import type { Clock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import { inBackground } from '@pawl/shared/concurrency/in-background';
import { retryClock, withRetry, type RetryPolicy } from '@pawl/shared/concurrency/retry';
import { unlessAborted } from '@pawl/shared/concurrency/unless-aborted';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Logger } from '../logging/logger.ts';

/** Lines that are written together. */
export interface LogBatch {
  /** Each ends with a line feed. */
  readonly lines: readonly string[];
  /** When the first of them came, milliseconds since 1970. */
  readonly begunAt: number;
  /** From 1 on, another for every batch of a process. */
  readonly number: number;
}

/** Where lines go. One batch at a time is written, and a later one only when that has ended or was given up. */
export interface LogSink {
  /** The address without secrets, for messages. */
  readonly display: string;
  /**
   * Makes of a batch what is written.
   * @returns writes it; may be called again after a failure, and then leaves what one call would have left.
   */
  prepare(batch: LogBatch): Promise<(signal: AbortSignal) => Promise<void>>;
  close(): void;
}

/** How much is held, and when it is written. */
export interface LogLimits {
  /** Most bytes of lines in memory, those that are being written among them; lines beyond are dropped. */
  readonly queueBytes: number;
  /** A batch is written when it has so many bytes, before compression ... */
  readonly batchBytes: number;
  /** ... or when its first line is so old, milliseconds. */
  readonly batchAgeMs: number;
  /** Time of one try to write a batch, milliseconds; undefined: until it ends by itself. */
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy;
}

/** What became of lines: `dropped` for want of room or time, `failed` because the sink did not take them. */
export type LogOutcome = 'written' | 'dropped' | 'failed';

/** Whom a {@link LogWriter} talks to. */
export interface LogWriterPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told the outcome of so many lines. */
  readonly count: (outcome: LogOutcome, lines: number) => void;
}

/** A batch that takes lines still. */
interface OpenBatch {
  readonly lines: string[];
  readonly begunAt: number;
  bytes: number;
  /** Cancels its end by age. */
  readonly cancel: () => void;
}

/**
 * Gathers lines into batches and writes them one after the other, in the background: whoever adds a line neither waits nor
 * hears of failures. What a sink that is away, slow or full costs is bounded: `queueBytes` of memory, then lines.
 */
export class LogWriter {
  readonly #sink: LogSink;
  readonly #limits: LogLimits;
  readonly #ports: LogWriterPorts;
  readonly #stop = new AbortController();
  readonly #sealed: (LogBatch & { readonly bytes: number })[] = [];
  #open: OpenBatch | undefined;
  #batches = 0;
  #waitingLines = 0;
  #heldBytes = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(sink: LogSink, limits: LogLimits, ports: LogWriterPorts) {
    this.#sink = sink;
    this.#limits = limits;
    this.#ports = ports;
  }

  /** Lines in memory: not written yet, or being written. */
  get waiting(): number {
    return this.#waitingLines;
  }

  /** Takes a line without its line feed, or drops it. Never throws. */
  add(text: string): void {
    const line = `${text}\n`;
    const bytes = Buffer.byteLength(line);
    if (this.#stop.signal.aborted || this.#heldBytes + bytes > this.#limits.queueBytes) {
      this.#ports.count('dropped', 1);
      return;
    }
    this.#heldBytes += bytes;
    this.#waitingLines += 1;
    this.#open ??= this.#begin();
    this.#open.lines.push(line);
    this.#open.bytes += bytes;
    if (this.#open.bytes >= this.#limits.batchBytes) this.#seal();
  }

  /**
   * Writes what is there and takes no more.
   * @param ms after which the rest is dropped. Resolves by then, also where the sink hangs.
   */
  async close(ms: number): Promise<void> {
    this.#seal();
    const cancel = this.#ports.clock.schedule(ms, () => {
      this.#stop.abort(new Error('the process ends'));
    });
    await this.#writing;
    cancel();
    this.#stop.abort(new Error('the log is closed'));
    this.#sink.close();
  }

  #begin(): OpenBatch {
    const { clock } = this.#ports;
    const cancel = clock.schedule(this.#limits.batchAgeMs, () => {
      this.#seal();
    });
    return { lines: [], begunAt: clock.now(), bytes: 0, cancel };
  }

  #seal(): void {
    if (this.#open === undefined) return;
    const { cancel, ...batch } = this.#open;
    cancel();
    this.#open = undefined;
    this.#batches += 1;
    this.#sealed.push({ ...batch, number: this.#batches });
    if (this.#writing !== undefined) return;
    this.#writing = this.#writeAll();
    inBackground(this.#writing, (cause) => {
      this.#ports.logger.error({ cause }, 'the prediction log stopped');
    });
  }

  async #writeAll(): Promise<void> {
    try {
      for (let batch = this.#sealed.shift(); batch !== undefined; batch = this.#sealed.shift()) {
        const outcome = await this.#write(batch);
        this.#heldBytes -= batch.bytes;
        this.#waitingLines -= batch.lines.length;
        this.#ports.count(outcome, batch.lines.length);
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async #write(batch: LogBatch): Promise<LogOutcome> {
    if (this.#isStopped()) return 'dropped';
    const { signal } = this.#stop;
    try {
      const write = await this.#sink.prepare(batch);
      const { retry } = this.#limits;
      await withRetry(retry, retryClock(this.#ports.clock), signal, () => this.#try(write), mayHelp);
      if (this.#isFailing) this.#ports.logger.info({ to: this.#sink.display }, 'the prediction log is written again');
      this.#isFailing = false;
      return 'written';
    } catch (error) {
      if (this.#isStopped()) return 'dropped';
      this.#tell(error);
      return 'failed';
    }
  }

  async #try(write: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const { timeoutMs } = this.#limits;
    if (timeoutMs === undefined) {
      await unlessAborted(write(signal), signal);
      return;
    }
    const deadline = startDeadline(this.#ports.clock, timeoutMs, signal);
    try {
      await unlessAborted(write(deadline.signal), deadline.signal);
    } finally {
      deadline.done();
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Once for an outage, not for every batch of it. */
  #tell(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof PawlError ? { code: error.code, hint: error.hint } : {};
    this.#ports.logger.warn(
      { to: this.#sink.display, ...hint },
      `the prediction log loses lines, predictions go on | ${message}`,
    );
  }
}

/** A store that is away or slow may come back; one that refuses will refuse again. */
const mayHelp = (error: unknown): boolean =>
  error instanceof PawlError ? error.transient : error instanceof DOMException && error.name === 'TimeoutError';
