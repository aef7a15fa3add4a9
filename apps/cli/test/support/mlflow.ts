import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Context } from '../../src/terminal/context.ts';
import { ofKind } from '../../src/ml/tracking/run-events.ts';
import { listRuns } from '../../src/ml/tracking/run-record.ts';
import { startServer, type Server } from '@pawl/test-kit/server-process';

/** What the real client reads of a tracking store. */
export interface MlflowRecord {
  readonly runs: readonly MlflowRun[];
  readonly versions: readonly {
    readonly version: string;
    readonly run_id: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly aliases: readonly string[];
  }[];
  /** Version that the alias `candidate` points at. */
  readonly candidate: string | null;
}

export interface MlflowRun {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly start: number;
  readonly end: number | null;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** `[timestamp, step, repr of value]` by metric. */
  readonly metrics: Readonly<Record<string, readonly (readonly [number, number, string])[]>>;
  /** `[path, bytes]`. */
  readonly artifacts: readonly (readonly [string, number])[];
  readonly datasets: readonly { readonly name: string; readonly digest: string; readonly context: string }[];
}

/** The one run of an experiment in a folder, as the real client would tell of it. */
export async function recordedRun(root: string, experiment: string): Promise<MlflowRun> {
  const [only, ...others] = (await listRuns(root)).filter(({ summary }) => summary.experiment === experiment);
  if (only === undefined || others.length > 0)
    throw new Error(`${others.length} further runs of ${experiment} in ${root}`);
  const { record, summary, events } = only;
  const sizes = Object.keys(summary.artifacts)
    .sort()
    .map(async (path) => {
      const { size } = await stat(join(record.artifactFolder, path));
      return [path, size] as const;
    });
  const python = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));
  return {
    id: record.runId,
    name: summary.name,
    status: summary.status,
    start: summary.startTime,
    end: summary.endTime ?? null,
    params: summary.params,
    tags: { ...summary.tags, 'mlflow.runName': summary.name },
    metrics: Object.fromEntries(
      Object.entries(summary.metrics).map(([name, points]) => [
        name,
        points.map(({ timestamp, step, value }) => [timestamp, step, python(value)] as const),
      ]),
    ),
    artifacts: await Promise.all(sizes),
    datasets: ofKind(events, 'dataset').map(({ name, hash }) => ({
      name,
      digest: hash.slice('sha256:'.length, 'sha256:'.length + 36),
      context: 'training',
    })),
  };
}

/** Lets MLflow 3 read and write its file layout. */
const allowFiles = { MLFLOW_ALLOW_FILE_STORE: 'true' };

/** The real MLflow, by the path of its executable; Python lies beside it. */
export class Mlflow {
  readonly #executable: string;
  readonly #env: Readonly<Record<string, string>>;
  #reader: Reader | undefined;

  /** @param env for the client, such as MLFLOW_S3_ENDPOINT_URL. */
  constructor(executable: string, env: Readonly<Record<string, string>> = {}) {
    this.#executable = executable;
    this.#env = env;
  }

  async start(port: number, flags: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Server> {
    return await startServer({
      command: this.#executable,
      arguments: ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...flags],
      port,
      // Its job runner is a tree of processes of its own, and nothing that training needs.
      env: { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', ...env, MLFLOW_TRACKING_URI: '' },
      health: '/health',
    });
  }

  async read(uri: string, experiment: string, model: string): Promise<MlflowRecord> {
    this.#reader ??= new Reader(this.#pythonPath, this.#pythonEnv);
    return await this.#reader.read(uri, experiment, model);
  }

  /** Ends what reads. */
  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  /** Logits of a batch of pixels, as two ways of loading a model give them. */
  async predict(trackingUri: string, modelUri: string, pixels: string, shape: readonly number[]) {
    const text = await this.#python('check-mlflow-model.py', trackingUri, modelUri, pixels, shape.join(','));
    return JSON.parse(text.slice(text.lastIndexOf('\n{') + 1)) as {
      readonly flavour: readonly number[];
      readonly pyfunc: readonly number[];
      readonly metadata: Readonly<Record<string, unknown>>;
      readonly refused: string;
    };
  }

  /** Runs the `mlflow` command. */
  async command(args: readonly string[], options: { readonly cwd: string; readonly env?: Record<string, string> }) {
    return await promisify(execFile)(this.#executable, args, {
      cwd: options.cwd,
      env: { ...process.env, ...allowFiles, ...options.env },
      maxBuffer: 2 ** 24,
    });
  }

  async #python(script: string, ...args: readonly string[]): Promise<string> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const { stdout } = await promisify(execFile)(this.#pythonPath, [path, ...args], {
      env: this.#pythonEnv,
      maxBuffer: 2 ** 24,
    });
    return stdout.trim();
  }

  get #pythonPath(): string {
    return join(dirname(this.#executable), 'python');
  }

  get #pythonEnv() {
    return { ...process.env, ...allowFiles, ...this.#env, GIT_PYTHON_REFRESH: 'quiet' };
  }
}

/** The real client in a process that answers one question after another: importing it takes seconds. */
class Reader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(python: string, env: NodeJS.ProcessEnv) {
    const script = fileURLToPath(new URL('read-mlflow.py', import.meta.url));
    this.#child = spawn(python, [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async read(...question: readonly string[]): Promise<MlflowRecord> {
    const answer = this.#last.then(async () => {
      this.#child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done = false } = await this.#answers.next();
      if (done) throw new Error('read-mlflow.py ended');
      return JSON.parse(value as string) as { readonly found?: MlflowRecord; readonly error?: string };
    });
    this.#last = answer.catch(() => undefined);
    const { found, error } = await answer;
    if (found === undefined) throw new Error(`read-mlflow.py: ${error ?? 'no answer'}`);
    return found;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

/** What a run touches, with what it wrote to stderr. */
export function trackingContext(env: Context['env'] = {}, signal = new AbortController().signal) {
  let err = '';
  return {
    cwd: process.cwd(),
    env,
    signal,
    now: () => new Date(),
    stderr: { write: (text: string) => (err += text) },
    // Nobody waits in a test; a server that is down stays down until the test starts it.
    sleep: () => Promise.resolve(),
    err: () => err,
  };
}
