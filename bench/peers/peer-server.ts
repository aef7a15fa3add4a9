import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pawl/test-kit/free-port';
import { procFile } from '@pawl/test-kit/process-tree';
import { cpuMsOf, treeOf } from '../processes.ts';
import type { PeerOrder, PeerReport } from './client.ts';
import { type Peer, serversFolder } from './peers.ts';

/** What is served, by whichever server. */
export interface Served {
  /** Folder of the bundle. */
  readonly bundle: string;
  /** Path of the graph. */
  readonly model: string;
  /** Names of its input and of its logit. */
  readonly input: string;
  readonly output: string;
  /** Width and height of the input, pixels. */
  readonly size: number;
  readonly labels: readonly string[];
}

const STOP_MS = 5_000;

/** One server under measurement. */
export class PeerServer {
  readonly peer: Peer;
  readonly #child: ChildProcess;
  readonly #url: string;
  /** In the environment of all that it starts. */
  readonly #mark: string;

  private constructor(peer: Peer, child: ChildProcess, url: string, mark: string) {
    this.peer = peer;
    this.#child = child;
    this.#url = url;
    this.#mark = mark;
  }

  /**
   * Starts a peer; it answers when the client's `labels` have come.
   * @param folder of the Python environments.
   * @param log path of the file that gets what it writes.
   */
  static async start(peer: Peer, served: Served, workers: number, folder: string, log: string): Promise<PeerServer> {
    const [port, second, third] = [await freePort(), await freePort(), await freePort()];
    const bin = (program: string) => join(folder, peer.environment ?? '', 'bin', program);
    const [command = '', ...args] = peer.command(port, bin, workers);
    const { PATH = '' } = process.env;
    const mark = randomUUID();
    const env = {
      ...process.env,
      PAWL_BENCH_PEER: mark,
      HOST: '127.0.0.1',
      PORT: String(port),
      MLSERVER_HTTP_PORT: String(port),
      MLSERVER_GRPC_PORT: String(second),
      MLSERVER_METRICS_PORT: String(third),
      MLSERVER_PARALLEL_WORKERS: String(workers),
      WORKERS: String(workers),
      MODEL_URI: `file:${served.bundle}`,
      MODEL: served.model,
      INPUT: served.input,
      OUTPUT: served.output,
      SIZE: String(served.size),
      LABELS: served.labels.join(','),
      PYTHONPATH: serversFolder,
      PYTHONDONTWRITEBYTECODE: '1',
      ...(peer.environment !== undefined && { PATH: `${bin('')}:${PATH}` }),
      ...peer.env,
    };
    const file = openSync(log, 'w');
    const cwd = peer.environment === undefined ? resolve('.') : serversFolder;
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', file, file], detached: true });
    closeSync(file);
    child.on('error', () => undefined);
    return new PeerServer(peer, child, `http://127.0.0.1:${port}${peer.path}`, mark);
  }

  /** Whether it runs. */
  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** CPU time so far of it and its children, ms. */
  get cpuMs(): number {
    return cpuMsOf(this.#child.pid ?? NaN);
  }

  /**
   * Memory of it and its children, MB: what each has of its own, what they share counted once, and the largest share of
   * files. (The kernel's own sum, PSS, would halve the libraries of two servers that run beside each other.)
   */
  get memoryMb(): number {
    const members = treeOf(this.#child.pid ?? NaN);
    const kilobytes = (file: string, field: string) =>
      members.map((pid) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(procFile(pid, file))?.[1] ?? 0));
    const own = [...kilobytes('smaps_rollup', 'Pss_Anon'), ...kilobytes('smaps_rollup', 'Pss_Shmem')];
    return (own.reduce((sum, value) => sum + value, 0) + Math.max(...kilobytes('status', 'RssFile'))) / 1024;
  }

  /** Runs the client against it, to its end. @throws Error when it breaks, or the server has ended. */
  async load(order: Omit<PeerOrder, 'url' | 'kind'>): Promise<PeerReport> {
    const told: PeerOrder = { ...order, url: this.#url, kind: this.peer.kind };
    const client = fileURLToPath(new URL('client.ts', import.meta.url));
    const child = spawn(process.execPath, ['--no-warnings', client, JSON.stringify(told)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // A server that ended while it started is not waited for.
    const giveUp = (): void => void child.kill();
    this.#child.once('exit', giveUp);
    const [code] = (await once(child, 'close')) as [number | null];
    this.#child.off('exit', giveUp);
    if (!this.runs) throw new Error('it ended');
    if (code !== 0) throw new Error(`the client ended with ${String(code)}`);
    return JSON.parse(text) as PeerReport;
  }

  /** Ends it and all that it started. */
  async stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || !this.runs) return;
    const ended = once(this.#child, 'exit');
    const members = treeOf(pid);
    this.#child.kill('SIGTERM');
    await Promise.race([ended, new Promise((done) => setTimeout(done, STOP_MS).unref())]);
    // Some leave their workers behind; another process may have the number of one that has ended.
    for (const member of members) if (procFile(member, 'environ').includes(this.#mark)) kill(member);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
