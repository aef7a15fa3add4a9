import type { Context } from '../../terminal/context.ts';
import { releaseRun } from './claim-run.ts';
import { LocalRegistry } from './local-registry.ts';
import { pageOf } from './push-notes.ts';
import type { RunPusher } from './push-run.ts';
import { afterRun, duringRun, retrying } from './retry.ts';
import type { RunStatus } from './run-events.ts';
import type { RunRecord } from './run-record.ts';
import type { Artifact, RegisteredModel, RunDataset, Tracker } from './tracker.ts';

/** After a failure, the server is left alone for this long: training does not wait for it at every epoch. */
const REST_MS = 30_000;
/** How long a run that was stopped by Ctrl-C may still tell the server so. */
const LAST_WORDS_MS = 5000;

/** Tag of the whole hash of the data: MLflow keeps the first 36 digits with the data set. */
const DATA_HASH_TAG = 'pawl.data.hash';

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
 * Appends everything to the local record, then replays to the server what it lacks. Once the run is under way no trouble
 * with the server ends it: what was not sent stays in the record, and goes with the next event, or with `pawl runs push`.
 */
export class SpoolingTracker implements Tracker {
  readonly #record: RunRecord;
  readonly #name: string;
  readonly #context: Pick<Context, 'signal' | 'now' | 'stderr'>;
  readonly #registry: LocalRegistry;
  readonly #pusher: RunPusher | undefined;
  readonly #live: LiveContext | undefined;
  /** Unix milliseconds before which the server is not asked. */
  #restsUntil = 0;
  #warned = false;
  #isComplete = true;
  /** Of the last metrics, Unix milliseconds. */
  #lastPoint = 0;

  /** @param runName the run's name, for warnings. @param runsFolder absolute path of the folder of all runs. */
  constructor(
    { record, runName, runsFolder }: { record: RunRecord; runName: string; runsFolder: string },
    context: Pick<Context, 'signal' | 'now' | 'stderr'>,
    link?: ServerLink,
  ) {
    this.#record = record;
    this.#name = runName;
    this.#context = context;
    this.#registry = new LocalRegistry(runsFolder);
    this.#pusher = link?.pusher;
    this.#live = link?.live;
    if (link?.failure !== undefined) this.#lost(link.failure);
  }

  get runId(): string {
    return this.#record.runId;
  }

  get location(): string {
    const notes = this.#pusher?.notes;
    return notes === undefined ? this.#record.folder : pageOf(notes);
  }

  async params(values: Readonly<Record<string, string | number>>): Promise<void> {
    const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
    await this.#record.append({ event: 'params', time: this.#time(), values: texts });
    await this.#send();
  }

  async metrics(values: Readonly<Record<string, number>>, step = 0): Promise<void> {
    // Time and step name a point: two values of one moment would be taken for one.
    this.#lastPoint = Math.max(this.#time(), this.#lastPoint + 1);
    await this.#record.append({ event: 'metrics', time: this.#lastPoint, step, values: { ...values } });
    await this.#send();
  }

  async tags(values: Readonly<Record<string, string>>): Promise<void> {
    await this.#record.append({ event: 'tags', time: this.#time(), values: { ...values } });
    await this.#send();
  }

  async dataset(dataset: RunDataset): Promise<void> {
    await this.#record.append({ event: 'dataset', time: this.#time(), ...dataset });
    await this.tags({ [DATA_HASH_TAG]: dataset.hash });
  }

  async artifact(artifact: Artifact): Promise<void> {
    await this.#record.addArtifact(artifact, this.#time());
    await this.#send();
  }

  async register({ name, path, alias, tags }: Parameters<Tracker['register']>[0]): Promise<RegisteredModel> {
    const version = await this.#registry.register(this.#record, { name, path, alias, tags: { ...tags } }, this.#time());
    await this.#send();
    return { name, version: this.#pusher?.notes?.versions[`${name}/${version}`] ?? String(version), alias };
  }

  async end(status: RunStatus): Promise<void> {
    await this.#record.append({ event: 'ended', time: this.#time(), status });
    // The last chance of this process: worth waiting for, unless the user waits for us to stop.
    this.#restsUntil = 0;
    const isInterrupted = this.#context.signal.aborted;
    if (isInterrupted && this.#live !== undefined) this.#live.signal = AbortSignal.timeout(LAST_WORDS_MS);
    await this.#send(isInterrupted ? duringRun : afterRun);
    await releaseRun(this.#record);
    if (!this.#isComplete)
      this.#context.stderr.write(
        `warning: run ${this.#name} is kept in ${this.#record.folder}; "pawl runs push" sends it to the server.\n`,
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
    this.#context.stderr.write(
      `warning: ${problem} The run goes on, and everything is kept in ${this.#record.folder}.\n`,
    );
  }

  #time(): number {
    return this.#context.now().getTime();
  }
}
