import type { Context } from '../../terminal/context.ts';
import { releaseRun } from './claim-run.ts';
import { LocalRegistry } from './local-registry.ts';
import type { LocalRun } from './local-run.ts';
import type { RunPusher } from './push-run.ts';
import { afterRun, duringRun, retrying } from './retry.ts';
import type { Artifact, RegisteredModel, RunDataset, RunStatus, Tracker } from './tracker.ts';

/** After a failure, the server is left alone for this long: training does not wait for it at every epoch. */
const REST_MS = 30_000;
/** How long a run that was stopped by Ctrl-C may still tell the server so. */
const LAST_WORDS_MS = 5000;

/** What calls to the server obey; the signal is replaced when the run is ended after Ctrl-C. */
export interface LiveContext {
  readonly env: Context['env'];
  signal: AbortSignal;
  readonly sleep: Context['sleep'];
}

/** A way to the server. */
export interface ServerLink {
  readonly pusher: RunPusher;
  readonly live: LiveContext;
  /** Why the server did not answer at the start. */
  readonly failure: Error | undefined;
}

/**
 * Writes everything to the local record, then brings the server up to it. Once the run is under way no trouble with the
 * server ends it: what was not sent stays in the record, and goes with the next thing that is, or with `pawl runs push`.
 */
export class SpoolingTracker implements Tracker {
  readonly #run: LocalRun;
  readonly #context: Pick<Context, 'signal' | 'now' | 'stderr'>;
  readonly #registry: LocalRegistry;
  readonly #pusher: RunPusher | undefined;
  readonly #live: LiveContext | undefined;
  /** Unix milliseconds before which the server is not asked. */
  #restsUntil = 0;
  #warned = false;
  #isComplete = true;
  readonly #lastPoint = new Map<string, number>();

  constructor(run: LocalRun, context: Pick<Context, 'signal' | 'now' | 'stderr'>, link?: ServerLink) {
    this.#run = run;
    this.#context = context;
    this.#registry = new LocalRegistry(run.root);
    this.#pusher = link?.pusher;
    this.#live = link?.live;
    if (link?.failure !== undefined) this.#lost(link.failure);
  }

  get runId(): string {
    return this.#run.info.runId;
  }

  get location(): string {
    const state = this.#pusher?.state;
    return state === undefined ? this.#run.folder : pageOf(state);
  }

  async params(values: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) await this.#run.writeParam(name, String(value));
    await this.#send();
  }

  async metrics(values: Readonly<Record<string, number>>, step = 0): Promise<void> {
    for (const [name, value] of Object.entries(values)) {
      // Time and step name a point: two values of one moment would be taken for one.
      const timestamp = Math.max(this.#context.now().getTime(), (this.#lastPoint.get(name) ?? 0) + 1);
      this.#lastPoint.set(name, timestamp);
      await this.#run.appendMetric(name, { timestamp, value, step });
    }
    await this.#send();
  }

  async tags(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) await this.#run.writeTag(name, value);
    await this.#send();
  }

  async dataset(dataset: RunDataset): Promise<void> {
    await this.#run.writeDataset(dataset);
    await this.#send();
  }

  async artifact(artifact: Artifact): Promise<void> {
    await this.#run.writeArtifact(artifact);
    await this.#send();
  }

  async register({ name, path, alias, tags }: Parameters<Tracker['register']>[0]): Promise<RegisteredModel> {
    const now = this.#context.now().getTime();
    const { version } = await this.#registry.create(name, this.#run, path, tags, now);
    await this.#registry.setAlias(name, alias, version, this.#run.notes);
    await this.#send();
    return { name, version: this.#pusher?.state?.versions[`${name}/${version}`] ?? version, alias };
  }

  async end(status: RunStatus): Promise<void> {
    await this.#run.update({ status, endTime: this.#context.now().getTime() });
    // The last chance of this process: worth waiting for, unless the user waits for us to stop.
    this.#restsUntil = 0;
    const isInterrupted = this.#context.signal.aborted;
    if (isInterrupted && this.#live !== undefined) this.#live.signal = AbortSignal.timeout(LAST_WORDS_MS);
    await this.#send(isInterrupted ? duringRun : afterRun);
    await releaseRun(this.#run);
    if (!this.#isComplete)
      this.#context.stderr.write(
        `warning: run ${this.#run.info.runName} is kept in ${this.#run.folder}; "pawl runs push" sends it to the server.\n`,
      );
  }

  async #send(policy = duringRun): Promise<void> {
    const pusher = this.#pusher;
    const live = this.#live;
    if (pusher === undefined || live === undefined || this.#context.now().getTime() < this.#restsUntil) return;
    try {
      await retrying(
        policy,
        live,
        () => pusher.push(),
        () => pusher.progress,
      );
      this.#isComplete = true;
    } catch (error) {
      this.#lost(error);
    }
  }

  #lost(error: unknown): void {
    this.#isComplete = false;
    this.#restsUntil = this.#context.now().getTime() + REST_MS;
    if (this.#warned || this.#context.signal.aborted) return;
    this.#warned = true;
    const problem = error instanceof Error ? error.message : String(error);
    this.#context.stderr.write(`warning: ${problem} The run goes on, and everything is kept in ${this.#run.folder}.\n`);
  }
}

/** Pure: the page of a run in MLflow's UI. */
export const pageOf = ({
  server,
  experimentId,
  runId,
}: {
  server: string;
  experimentId: string;
  runId: string;
}): string => `${server}/#/experiments/${experimentId}/runs/${runId}`;
