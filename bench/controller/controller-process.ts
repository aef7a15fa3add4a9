import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;
const LOOK_MS = 100;
/** Nothing for this long is called quiet. */
const QUIET_MS = 3_000;

/** Variables that say how much memory Node and the allocator may keep. */
export type Runtime = Readonly<Record<string, string>>;

/** Small heaps and a glibc that gives back early, as docs/decisions/0005-memory.md has it for the service. */
export const smallRuntime: Runtime = {
  NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=96',
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '1048576',
  MALLOC_TRIM_THRESHOLD_: '1048576',
};

/** What a controller has asked of the API server since it started, by its own count. */
export interface Requests {
  /** Creates, patches, applies and deletes; and updates, which only renew the lease, apart. */
  readonly writes: number;
  readonly leaseUpdates: number;
  readonly reads: number;
  readonly reconciles: number;
}

/** The built controller as a process under measurement. Linux only. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #startedAt: number;
  readonly #url: string;

  private constructor(child: ChildProcess, startedAt: number, url: string) {
    this.#child = child;
    this.#startedAt = startedAt;
    this.#url = url;
  }

  /** Starts it as its image does, and waits until it listens. */
  static async start(kubeconfig: string, namespace: string, runtime: Runtime): Promise<ControllerProcess> {
    const startedAt = performance.now();
    const own = { NODE_ENV: 'production', ...runtime, PORT: '0', HOST: '127.0.0.1' };
    const child = spawn(process.execPath, ['apps/controller/dist/bundle/main.js'], {
      env: { ...process.env, ...own, KUBECONFIG: kubeconfig, NAMESPACE: namespace },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as { readonly message: string; readonly port?: number };
        if (line.message === 'listening' && line.port !== undefined) resolve(line.port);
      });
      child.once('exit', (code) => {
        reject(new Error(`the controller ended with ${String(code)}`));
      });
    });
    return new ControllerProcess(child, startedAt, `http://127.0.0.1:${port}`);
  }

  /** Resident memory, MB: now and at most. */
  memory(): { readonly rssMb: number; readonly peakMb: number } {
    const status = this.#proc('status');
    const of = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { rssMb: of('VmRSS'), peakMb: of('VmHWM') };
  }

  /** CPU time so far, ms. */
  cpuMs(): number {
    // Fields 14 and 15 of proc(5) stat; the second field, in parentheses, may hold spaces.
    const fields = this.#proc('stat').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  async requests(): Promise<Requests> {
    const lines = (await (await fetch(`${this.#url}/metrics`)).text()).split('\n');
    const sum = (name: string, verbs?: readonly string[]) =>
      lines
        .filter((line) => line.startsWith(name) && (verbs?.some((verb) => line.includes(`verb="${verb}"`)) ?? true))
        .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    const requests = 'pawl_controller_api_request_duration_seconds_count';
    return {
      writes: sum(requests, ['create', 'patch', 'apply', 'delete']),
      leaseUpdates: sum(requests, ['update']),
      reads: sum(requests, ['get', 'list', 'watch']),
      reconciles: sum('pawl_controller_reconcile_duration_seconds_count'),
    };
  }

  /**
   * Waits until it has looked at everything and then wrote and reconciled nothing for three seconds.
   * @param least reconciles that it has to do first.
   * @returns milliseconds from its start to the last thing that it did, those three seconds not counted.
   */
  async quiet(least: number, withinMs: number): Promise<number> {
    let last = await this.requests();
    let since = performance.now();
    const until = since + withinMs;
    while (performance.now() < until) {
      await pause(LOOK_MS);
      const now = await this.requests();
      if (now.writes !== last.writes || now.reconciles !== last.reconciles) since = performance.now();
      last = now;
      if (now.reconciles >= least && performance.now() - since >= QUIET_MS) return since - this.#startedAt;
    }
    throw new Error(`the controller was not quiet within ${withinMs / 1000} s: ${JSON.stringify(last)}`);
  }

  /** SIGTERM: it gives its lease back. SIGKILL: the next one waits for the lease to expire. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  #proc(file: string): string {
    return readFileSync(`/proc/${String(this.#child.pid)}/${file}`, 'utf8');
  }
}
