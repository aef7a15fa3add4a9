import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Question } from './protocol.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
/** Characters of what a process wrote before it ended that are kept. */
const KEPT = 4_000;
/** Heap of JavaScript, MB: what grows without bound is found at little cost. */
const HEAP_MB = 256;

/** How an input ended that got no answer. */
interface Death {
  readonly kind: 'crash' | 'hang';
  readonly detail: string;
}

/** A process with a target in it, for one input at a time. */
export class FuzzProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #errors = '';
  #death: Death | undefined;
  /** Who waits for the next message; there are millions of them, so none leaves a listener behind. */
  #waiting: ((reply: Answer | Death) => void) | undefined;

  private constructor(module: string, seed: number) {
    this.#child = fork(CHILD, [module, String(seed)], {
      // The parent's own way of loading modules may be Jest's; the child runs the sources as Node does.
      execArgv: ['--conditions=pawl-source', '--no-warnings', `--max-old-space-size=${HEAP_MB}`],
      env: {
        PATH: process.env['PATH'],
        PAWL_TEST_HOSTILE: process.env['PAWL_TEST_HOSTILE'] ?? '',
        UV_THREADPOOL_SIZE: '2',
      },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-KEPT);
    });
    this.#child.on('message', (answer: Answer) => {
      this.#tell(answer);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        const detail = `the process ended with ${signal ?? `exit code ${code ?? ''}`}\n${this.#errors}`;
        this.#death = { kind: 'crash', detail };
        this.#tell(this.#death);
        resolve();
      });
    });
  }

  /** Starts one, with its seeds read. @throws Error when the target cannot be loaded. */
  static async start(module: string, seed: number): Promise<FuzzProcess> {
    const made = new FuzzProcess(module, seed);
    const first = await made.#next();
    if ('kind' in first) throw new Error(`the fuzz target ${module} does not start: ${first.detail}`);
    return made;
  }

  /** Asks and waits at most `hangMs` for the answer; afterwards a process without one is gone. */
  async ask(question: Question, hangMs: number): Promise<Answer | Death> {
    const answered = this.#next();
    const timer = setTimeout(() => {
      this.#tell({ kind: 'hang', detail: `no answer within ${hangMs} ms` });
    }, hangMs);
    // Of a process that is gone: its death is the answer.
    if (this.#death === undefined) this.#child.send(question, () => undefined);
    const reply = await answered;
    clearTimeout(timer);
    if ('kind' in reply) await this.stop();
    return reply;
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #next(): Promise<Answer | Death> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (this.#death !== undefined) this.#tell(this.#death);
    });
  }

  #tell(reply: Answer | Death): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(reply);
  }
}
