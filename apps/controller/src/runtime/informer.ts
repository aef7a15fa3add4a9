import { isGone } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { joinKey, type KubeObject, keyOf, type ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { WatchEvent } from '@pawl/shared/kubernetes/requests';
import { backoffMs, jittered, type Backoff, type Random } from '@pawl/shared/concurrency/backoff';
import { type Clock, sleep, systemClock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import type { Logger } from './logger.ts';
import { ObjectStore } from './object-store.ts';
import { type ReadRefusal, ReadRefusals } from './read-refusal.ts';

/** What an informer is doing. */
export type InformerState = 'starting' | 'synced' | 'backing-off' | 'stopping';

/**
 * Why a watch was restarted: the server ended it, `gone` (410), silence, a failure, or a list that found missed events.
 */
export type RestartReason = 'ended' | 'gone' | 'silent' | 'failed' | 'missed';

export interface InformerMetrics {
  restarted(reason: RestartReason): void;
  relisted(): void;
  /** @param count changes that a list showed and the watch had not told. */
  missed(count: number): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly client: Pick<KubernetesApi, 'pages' | 'watch' | 'onBack'>;
  readonly type: ResourceType<T>;
  /** Every namespace when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly logger: Logger;
  readonly metrics?: InformerMetrics | undefined;
  /** Makes what is kept; drops the managed fields by default. */
  readonly transform?: ((object: T) => T) | undefined;
  /** Words to find an object by, see {@link Informer.byIndex}. */
  readonly index?: ((object: T) => readonly string[]) | undefined;
  /** Most objects of a page, 500 by default. */
  readonly pageSize?: number | undefined;
  /** Milliseconds without an event or bookmark after which the connection is given up, 5 minutes by default. */
  readonly silenceMs?: number | undefined;
  /** Milliseconds between two lists that look for missed events, 10 minutes by default, up to a tenth longer. */
  readonly relistMs?: number | undefined;
  /** Milliseconds that the watch has to tell what such a list shows, 10 seconds by default. */
  readonly graceMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** @param current undefined: deleted. @param old undefined: new. Both are the same object when a relist repeats it. */
export type ChangeHandler<T> = (current: T | undefined, old: T | undefined) => void;

const BACKOFF: Backoff = { initialDelayMs: 800, maxDelayMs: 30_000 };
/** A watch that ends sooner without an event counts as a failure, or a broken server would be asked without a pause. */
const SHORTEST_WATCH_MS = 1_000;

/** They are most of an object's size, and a controller has no use for them. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  const metadata: { managedFields?: unknown } = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

/**
 * A copy of the objects of one kind that follows the server: lists, then watches, and starts again when the watch
 * breaks. Readers must not change the objects.
 */
export class Informer<T extends KubeObject> {
  /** Resolves after the first complete list; rejects when the informer is stopped before. */
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #transform: (object: T) => T;
  readonly #store: ObjectStore<T>;
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #refusalHandlers: (() => void)[] = [];
  readonly #refusals = new ReadRefusals(() => {
    for (const handler of this.#refusalHandlers) handler();
  });
  readonly #sync = Promise.withResolvers<undefined>();
  #state: InformerState = 'starting';
  #hasSynced = false;
  /** When the server last sent something: a list (from its beginning), an event, a bookmark. */
  #lastActivity: { readonly at: number; readonly monotonic: number } | undefined;
  /** Where the watch goes on; undefined: list first. */
  #resourceVersion: string | undefined;
  /** Ends the running watch. */
  #interrupt: (() => void) | undefined;
  /** Keys that the watch told about while a list looks for missed events. */
  #told: Set<string> | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#transform = options.transform ?? withoutManagedFields;
    this.#store = new ObjectStore(options.index ?? (() => []));
    this.synced = this.#sync.promise;
    this.synced.catch(() => undefined);
  }

  /** Kind of the objects. */
  get kind(): string {
    return this.#options.type.kind;
  }

  get state(): InformerState {
    return this.#state;
  }

  /** Whether the copy has ever been complete; it stays readable while a broken watch is restored. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /**
   * When the copy was last known to be what the server has, ms since 1970. While nothing changes, bookmarks confirm it about
   * once a minute. Undefined while the copy may be older than the watchdog allows, and while a broken watch is
   * restored.
   */
  get currentAt(): number | undefined {
    if (this.#state !== 'synced' || this.#lastActivity === undefined) return undefined;
    const { at, monotonic } = this.#lastActivity;
    return this.#clock.monotonic() - monotonic > this.#silenceMs ? undefined : at;
  }

  get #silenceMs(): number {
    return this.#options.silenceMs ?? 300_000;
  }

  /** Now, on both clocks: calendar time for people, monotonic time for the wait. */
  #timeOfActivity(): { readonly at: number; readonly monotonic: number } {
    return { at: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  get size(): number {
    return this.#store.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#store.get(joinKey(namespace, name));
  }

  list(): readonly T[] {
    return this.#store.values();
  }

  /** The objects for which the index function returned `value`, among others. */
  byIndex(value: string): readonly T[] {
    return this.#store.byIndex(value);
  }

  /** Handlers enqueue keys and nothing else. Register them before {@link run}: what came earlier is not repeated. */
  onChange(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }

  /** That the server refuses to show the objects: the copy may be old. Undefined while it shows them. */
  get refusal(): ReadRefusal | undefined {
    return this.#refusals.last;
  }

  /** Handlers enqueue keys and nothing else. */
  onRefusal(handler: () => void): void {
    this.#refusalHandlers.push(handler);
  }

  /** Follows the server until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#follow(signal), this.#lookForMissed(signal)]);
    this.#state = 'stopping';
    this.#sync.reject(new Error(`The informer of ${this.#options.type.plural} was stopped before its first list.`));
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let failures = 0;
    const onProgress = (): void => {
      failures = 0;
      this.#refusals.succeeded(true);
    };
    while (!signal.aborted) {
      const reason = await this.#listAndWatch(signal, onProgress);
      if (reason === undefined) continue;
      this.#options.metrics?.restarted(reason);
      if (reason === 'gone' || reason === 'missed') this.#resourceVersion = undefined;
      // The first 410 is usual and relists at once; a server that answers only 410 gets a backoff.
      const atOnce = reason === 'ended' || reason === 'missed' || (reason === 'gone' && failures === 0);
      if (!atOnce) {
        this.#state = 'backing-off';
        // A server that is back is asked at once, and again soon: its first answers may be incomplete.
        if (await this.#backOff(this.#backoffMs(failures), signal)) failures = 0;
        else failures += 1;
      } else if (reason !== 'ended') failures += 1;
    }
    this.#state = 'stopping';
  }

  /** @returns why to start again; undefined when the signal was aborted. */
  async #listAndWatch(signal: AbortSignal, onProgress: () => void): Promise<RestartReason | undefined> {
    try {
      if (this.#resourceVersion === undefined) await this.#list(signal);
      this.#state = 'synced';
      const reason = await this.#watch(signal, onProgress);
      if (reason === 'ended') this.#refusals.succeeded(true);
      return reason;
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#refusals.failed(error, this.#resourceVersion !== undefined);
      const reason = isGone(error) ? 'gone' : 'failed';
      this.#log('warn', { err: error, reason }, 'The watch broke.');
      return reason;
    }
  }

  /** Waits before the next try. @returns whether it was cut short because the server is back. */
  async #backOff(ms: number, signal: AbortSignal): Promise<boolean> {
    const awake = new AbortController();
    const wake = (): void => {
      awake.abort();
    };
    const unlisten = this.#options.client.onBack(wake);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
    const slept = await sleep(this.#clock, ms, awake.signal);
    signal.removeEventListener('abort', wake);
    unlisten();
    return !slept && !signal.aborted;
  }

  #backoffMs(failures: number): number {
    return jittered(backoffMs(BACKOFF, failures + 1), 1, this.#random);
  }

  /** Replaces the copy by a list, and tells what that changes, deletions included. */
  async #list(signal: AbortSignal): Promise<void> {
    const gone = new Set(this.#store.keys());
    const objects: T[] = [];
    let resourceVersion = '';
    const begun = this.#timeOfActivity();
    for await (const page of this.#pages(signal)) {
      ({ resourceVersion } = page);
      for (const object of page.items) {
        gone.delete(keyOf(object));
        objects.push(this.#transform(object));
      }
    }
    for (const key of gone) this.#remove(key);
    for (const object of objects) this.#put(object);
    this.#resourceVersion = resourceVersion;
    this.#hasSynced = true;
    this.#lastActivity = begun;
    this.#sync.resolve(undefined);
    this.#refusals.succeeded(false);
    this.#options.metrics?.relisted();
  }

  #pages(signal: AbortSignal) {
    const { client, type, namespace, labelSelector, fieldSelector, pageSize } = this.#options;
    return client.pages(type, { namespace, labelSelector, fieldSelector, limit: pageSize, signal });
  }

  /**
   * Watches until the server ends it.
   * @param onProgress called when the server sent something.
   */
  async #watch(signal: AbortSignal, onProgress: () => void): Promise<RestartReason> {
    const { client, type, namespace, labelSelector, fieldSelector } = this.#options;
    const silenceMs = this.#silenceMs;
    const startedAt = this.#clock.monotonic();
    const interrupted = new AbortController();
    this.#interrupt = () => {
      interrupted.abort(new Error('A list found events that the watch had missed.'));
    };
    const deadline = startDeadline(this.#clock, silenceMs, signal, interrupted.signal);
    // The server ends the watch well before the watchdog would.
    const timeoutSeconds = Math.max(1, Math.round(jittered(silenceMs / 2000, 0.5, this.#random)));
    const resourceVersion = this.#resourceVersion;
    const options = { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
    let progress = false;
    try {
      for await (const event of client.watch(type, options, deadline.signal)) {
        deadline.extend();
        this.#accept(event);
        progress = true;
        onProgress();
      }
    } catch (error) {
      if (interrupted.signal.aborted) return 'missed';
      if (deadline.expired) return 'silent';
      throw error;
    } finally {
      this.#interrupt = undefined;
      deadline.done();
    }
    if (!progress && this.#clock.monotonic() - startedAt < SHORTEST_WATCH_MS)
      throw new Error('The server ended the watch at once.');
    return 'ended';
  }

  #accept({ type, object }: WatchEvent<T>): void {
    if (type === 'DELETED') this.#remove(keyOf(object));
    else if (type !== 'BOOKMARK') this.#put(this.#transform(object));
    this.#resourceVersion = object.metadata.resourceVersion;
    this.#lastActivity = this.#timeOfActivity();
  }

  /** At intervals compares the copy with a list, counts what the watch missed, and repeats every object. */
  async #lookForMissed(signal: AbortSignal): Promise<void> {
    const { relistMs = 600_000, graceMs = 10_000 } = this.#options;
    while (await sleep(this.#clock, jittered(relistMs, 0.1, this.#random), signal)) {
      if (this.#state !== 'synced') continue;
      try {
        await this.#compare(signal, graceMs);
      } catch (error) {
        this.#log('warn', { err: error }, 'The list that looks for missed events failed.');
      } finally {
        this.#told = undefined;
      }
    }
  }

  /** A difference is a missed event only when the watch does not tell of that object within the grace period. */
  async #compare(signal: AbortSignal, graceMs: number): Promise<void> {
    const told = (this.#told = new Set<string>());
    const differing = new Set(this.#store.keys());
    for await (const page of this.#pages(signal))
      for (const object of page.items) {
        const key = keyOf(object);
        if (this.#store.get(key)?.metadata.resourceVersion === object.metadata.resourceVersion) differing.delete(key);
        else differing.add(key);
      }
    if (differing.size > 0 && !(await sleep(this.#clock, graceMs, signal))) return;
    this.#options.metrics?.relisted();
    const missed = [...differing].filter((key) => !told.has(key)).length;
    if (missed > 0) {
      this.#options.metrics?.missed(missed);
      this.#log('warn', { missed }, 'The watch had missed events; it starts again with a list.');
      this.#resourceVersion = undefined;
      this.#interrupt?.();
    }
    for (const object of this.#store.values()) this.#tell(object, object);
  }

  #put(object: T): void {
    this.#told?.add(keyOf(object));
    const old = this.#store.set(object);
    if (old === undefined || old.metadata.resourceVersion !== object.metadata.resourceVersion) this.#tell(object, old);
  }

  #remove(key: string): void {
    this.#told?.add(key);
    const old = this.#store.delete(key);
    if (old !== undefined) this.#tell(undefined, old);
  }

  #tell(current: T | undefined, old: T | undefined): void {
    for (const handler of this.#handlers)
      try {
        handler(current, old);
      } catch (error) {
        this.#log('error', { err: error }, 'A change handler threw.');
      }
  }

  #log(level: 'warn' | 'error', fields: object, message: string): void {
    this.#options.logger[level]({ kind: this.#options.type.kind, ...fields }, message);
  }
}
