import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubectl } from './cluster.ts';

/** `shared`: with others beside it. `alone`: with nobody beside it, because it harms what all of them stand on. */
export type Hold = 'shared' | 'alone';

export interface ClusterLockOptions {
  /** Whether the process of a holder still runs; an entry of one that does not counts for nothing. */
  readonly isAlive?: (pid: number) => boolean;
  /** How often a waiting process looks again, milliseconds. */
  readonly everyMs?: number;
}

const EVERY_MS = 100;

/**
 * Who works on a cluster, across processes: any number at a time who share it, or one alone. One entry a holder in a folder,
 * which says in which process. Whoever wants the cluster alone lets nobody else begin, waits for those
 * who work, and comes before them: so it gets it, however many share it in turns.
 */
export class ClusterLock {
  readonly #folder: string;
  readonly #isAlive: (pid: number) => boolean;
  readonly #everyMs: number;
  /** Entries of this process; what it does inside of a hold needs no other. */
  #holds = 0;

  /** @param folder one for each cluster; made when it is first needed. */
  constructor(folder: string, options: ClusterLockOptions = {}) {
    this.#folder = folder;
    this.#isAlive = options.isAlive ?? processRuns;
    this.#everyMs = options.everyMs ?? EVERY_MS;
  }

  /** Works under a hold. Inside of another hold of this process, whatever it is, nothing is waited for. */
  async during<T>(hold: Hold, work: () => Promise<T>): Promise<T> {
    const release = await this.take(hold);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Waits for a hold. @returns what gives it back; a second call does nothing. */
  async take(hold: Hold): Promise<() => void> {
    const entry = this.#holds > 0 ? undefined : await this.#enter(hold);
    this.#holds += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#holds -= 1;
      if (entry !== undefined) rmSync(entry, { force: true });
    };
  }

  /** @returns path of the entry, which is removed in the end. */
  async #enter(hold: Hold): Promise<string> {
    mkdirSync(this.#folder, { recursive: true });
    return hold === 'shared' ? await this.#enterShared() : await this.#enterAlone();
  }

  async #enterShared(): Promise<string> {
    const entry = join(this.#folder, `shared.${process.pid}.${randomBytes(4).toString('hex')}`);
    for (;;) {
      // First the entry, then the look: of two who come at once, at least one sees the other.
      writeFileSync(entry, '');
      if (!this.#someoneAlone()) return entry;
      // Steps back, so that the one who wants it alone does not wait for those who wait for it.
      rmSync(entry);
      await sleep(this.#everyMs);
    }
  }

  async #enterAlone(): Promise<string> {
    const entry = this.#alone;
    while (!made(entry)) {
      this.#someoneAlone();
      await sleep(this.#everyMs);
    }
    while (this.#someoneShares()) await sleep(this.#everyMs);
    return entry;
  }

  get #alone(): string {
    return join(this.#folder, 'alone');
  }

  #someoneAlone(): boolean {
    const holder = readLink(this.#alone);
    if (holder === undefined) return false;
    if (this.#isAlive(Number(holder))) return true;
    rmSync(this.#alone, { force: true });
    return false;
  }

  #someoneShares(): boolean {
    const entries = readdirSync(this.#folder).filter((entry) => entry.startsWith('shared.'));
    return entries.some((entry) => {
      if (this.#isAlive(Number(entry.split('.')[1]))) return true;
      rmSync(join(this.#folder, entry), { force: true });
      return false;
    });
  }
}

let known: Promise<ClusterLock> | undefined;

/** The lock of the cluster that KUBECONFIG names, the same for every process of this machine. */
export function clusterLock(): Promise<ClusterLock> {
  known ??= kubectl('config', 'view', '--minify', '--output', 'jsonpath={.clusters[0].cluster.server}').then(
    (server) => {
      const name = createHash('sha256').update(server).digest('hex').slice(0, 12);
      return new ClusterLock(join(tmpdir(), 'pawl-e2e', `lock-${name}`));
    },
  );
  return known;
}

/** Makes the entry of who is alone: a link that names the process, because a link is made whole or not at all. */
function made(entry: string): boolean {
  try {
    symlinkSync(String(process.pid), entry);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function processRuns(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
