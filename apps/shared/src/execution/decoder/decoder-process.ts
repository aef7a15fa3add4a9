import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { extname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PawlError } from '../../errors/pawl-error.ts';
import type { DecodedImage } from '../../preprocessing/decode-image.ts';
import {
  decodeAnswer,
  type DecoderArguments,
  type DecoderSetup,
  INDEX_BYTES,
  largestAnswer,
  pixelBytes,
} from './decoder-protocol.ts';
import { frameHeader, FrameReader } from './frames.ts';
import { PixelFile } from './pixel-file.ts';

/** How one decode ended. */
export type DecodeEnd =
  | { readonly kind: 'decoded'; readonly image: DecodedImage }
  | { readonly kind: 'refused'; readonly error: PawlError }
  /** The process did not answer in time and was killed. */
  | { readonly kind: 'hung' }
  /** The process ended. */
  | { readonly kind: 'died'; readonly reason: string };

/** Time for a process to start, ms: it takes a tenth of a second on a core of its own. */
const START_TIMEOUT_MS = 30_000;
/** Time beyond the picture's own limit, after which the process itself has answered, ms. */
const ANSWER_MARGIN_MS = 500;
/** End of what it wrote to standard error that is kept, characters. */
const STDERR_TAIL = 500;

// Beside the sources (.ts, run by type stripping) as well as beside the build (.js).
const entry = fileURLToPath(new URL(`./decoder-main${extname(import.meta.url)}`, import.meta.url));

/** Node's flags: a few lines of JavaScript a picture need no more. */
const FLAGS = ['--no-warnings', '--max-semi-space-size=1', '--max-old-space-size=32', '--v8-pool-size=0'];
/**
 * Private writable memory of a process at rest, as the limit counts it, with room for Node's own heap: measured 577 MB, of
 * which V8 reserves 512 for compiled code and touches next to nothing. (Without a compiler it would be 53 MB, and a picture
 * would take 1.6 ms longer.) Bytes.
 */
const OWN_BYTES = 704 * 2 ** 20;

/**
 * Settings of jemalloc that differ from the service's. It keeps the addresses of what was freed, and asks for ever larger
 * ones: the limit would count pictures of before. And no picture is like the one before: what is kept of it is seldom used again,
 * while the worker needs the same tensors for every image.
 */
const JEMALLOC = ['retain:false', 'dirty_decay_ms:500', 'muzzy_decay_ms:0'];

/** The allocator's settings and nothing else: the process that meets strangers' bytes knows no secret of the service. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(PATH|LD_PRELOAD|LD_LIBRARY_PATH|MALLOC_\w+)$/.test(name),
  );
  const MALLOC_CONF = [process.env.MALLOC_CONF, ...JEMALLOC].filter(Boolean).join(',');
  // One picture at a time needs one thread.
  return { ...(Object.fromEntries(kept) as Record<string, string>), MALLOC_CONF, UV_THREADPOOL_SIZE: '1' };
}

/** The picture that a process has. */
interface Pending {
  readonly settle: (end: DecodeEnd) => void;
  /** How it ends when the process is gone, where that is known before. */
  end?: DecodeEnd;
}

/** One child process that decodes one picture at a time, until it ends. */
export class DecoderProcess {
  /** Resolves when it takes pictures; rejects when it ended before. */
  readonly started: Promise<void>;
  /** Resolves with why, when it is gone. */
  readonly gone: Promise<string>;

  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #timeoutMs: number;
  #pending: Pending | undefined;
  #isReady = false;
  #stderr = '';

  constructor({ inputs, limits }: DecoderSetup) {
    this.#timeoutMs = limits.timeoutMs + ANSWER_MARGIN_MS;
    const kilobytes = Math.ceil((OWN_BYTES + limits.maxDecodeBytes) / 1024);
    const shared = PixelFile.create(pixelBytes(inputs));
    const setup: DecoderArguments = { inputs, limits, sharesMemory: shared !== undefined };
    // The limit is of what a process writes to for itself (RLIMIT_DATA): Node reserves more addresses than it ever uses, so
    // one of addresses (RLIMIT_AS) means nothing. Only a shell can set it; a system that knows none goes without.
    const limited = 'ulimit -c 0; ulimit -d "$1" 2>/dev/null; shift; exec "$@"';
    this.#child = spawn(
      '/bin/sh',
      ['-c', limited, 'sh', String(kilobytes), process.execPath, ...FLAGS, entry, JSON.stringify(setup)],
      { stdio: ['pipe', 'pipe', 'pipe', ...(shared === undefined ? [] : [shared.fd])], env: environment() },
    ) as ChildProcessByStdio<Writable, Readable, Readable>;
    this.gone = this.#watch();
    void this.gone.then((reason) => {
      this.#isReady = false;
      shared?.close();
      this.#pending?.settle(this.#pending.end ?? { kind: 'died', reason });
    });
    this.started = this.#listen(largestAnswer(inputs), shared);
    // Looked at by the owner, if at all; it must not end the service.
    this.started.catch(() => undefined);
  }

  /** Its process id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it takes a picture, provided that it has none. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Decodes one picture; it must be {@link isReady} and at rest, which it is again, unless it has ended, when it calls back.
   * @param bytes not changed, and still there after a `died`.
   * @param index of the input that it is wanted for.
   * @param onEnd called once, as soon as the answer is there: not a promise, which the thread may come to much later.
   */
  decode(bytes: Uint8Array, index: number, onEnd: (end: DecodeEnd) => void): void {
    const timer = setTimeout(() => {
      this.#giveUp({ kind: 'hung' });
    }, this.#timeoutMs);
    this.#pending = {
      settle: (end) => {
        clearTimeout(timer);
        this.#pending = undefined;
        onEnd(end);
      },
    };
    // Both in one call of the system, which wakes the process once.
    const { stdin } = this.#child;
    stdin.cork();
    stdin.write(Buffer.concat([frameHeader(INDEX_BYTES + bytes.length), Buffer.of(index)]));
    stdin.write(bytes);
    stdin.uncork();
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Kills it; what it had ends so when it is gone: the next picture must not meet a process that works on this one. */
  #giveUp(end: DecodeEnd): void {
    if (this.#pending !== undefined) this.#pending.end = end;
    this.#isReady = false;
    this.kill();
  }

  #watch(): Promise<string> {
    // A write to a process that has just ended: its end is told by `exit`.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-STDERR_TAIL);
    });
    return new Promise((resolve) => {
      this.#child.once('error', (error) => {
        resolve(`it could not be started: ${error.message}`);
      });
      this.#child.once('close', (code, signal) => {
        const words = this.#stderr.trim();
        resolve(
          `it ended with ${signal ?? `code ${String(code)}`}${words === '' ? '' : `, saying ${JSON.stringify(words)}`}`,
        );
      });
    });
  }

  #listen(maxBytes: number, shared: PixelFile | undefined): Promise<void> {
    const frames = new FrameReader(maxBytes);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.kill();
      }, START_TIMEOUT_MS);
      void this.gone.then((reason) => {
        clearTimeout(timer);
        reject(
          new PawlError('WORKER_CRASHED', { message: `The process that decodes images does not start: ${reason}.` }),
        );
      });
      const onFrame = (frame: Uint8Array<ArrayBuffer>): void => {
        const { answer, pixels } = decodeAnswer(frame);
        if (answer.kind === 'ready') {
          clearTimeout(timer);
          this.#isReady = true;
          resolve();
        } else if (answer.kind === 'done') {
          const { image, sharedBytes } = answer;
          const decoded = sharedBytes === undefined ? pixels : shared?.read(sharedBytes);
          if (decoded === undefined) throw new Error('the decoder names memory that is not shared');
          this.#pending?.settle({ kind: 'decoded', image: { ...image, pixels: decoded } });
        } else {
          const { code, message, hint, cause } = answer;
          const error = new PawlError(code, { message, hint, ...(cause !== undefined && { cause: new Error(cause) }) });
          if (answer.busy) this.#giveUp({ kind: 'refused', error });
          else this.#pending?.settle({ kind: 'refused', error });
        }
      };
      this.#child.stdout.on('data', (piece: Buffer) => {
        try {
          frames.push(piece, onFrame);
        } catch {
          // What it says makes no sense any more.
          this.kill();
        }
      });
    });
  }
}
