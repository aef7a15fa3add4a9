import { aThing, type Thing } from '@pawl/shared/kubernetes/test/things';
import { ApiError } from '@pawl/shared/kubernetes/api-error';
import { keyOf, type ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { ListOptions, ObjectList, WatchEvent, WatchOptions } from '@pawl/shared/kubernetes/requests';
import type { Logger } from '../logger.ts';

interface Watcher {
  readonly push: (event: WatchEvent<Thing> | Error | undefined) => void;
  readonly options: WatchOptions;
}

/** Stored objects behind the two calls of an informer, with the faults of a server and a network. */
export class FakeObjects {
  readonly #objects = new Map<string, Thing>();
  readonly #log: { readonly version: number; readonly event: WatchEvent<Thing> }[] = [];
  readonly watchers = new Set<Watcher>();
  #version = 100;
  lists = 0;
  watches = 0;
  /** What the next calls fail with, in order. */
  readonly listFaults: Error[] = [];
  readonly watchFaults: Error[] = [];
  readonly #onBack = new Set<() => void>();
  /** Watches get no changes while this is set, and do not get them later. */
  deaf = false;

  /** Callbacks that wait until the server is back. */
  get waiting(): number {
    return this.#onBack.size;
  }

  onBack(listener: () => void): () => void {
    this.#onBack.add(listener);
    return () => this.#onBack.delete(listener);
  }

  /** The server answers others again. */
  isBack(): void {
    for (const listener of [...this.#onBack]) listener();
  }

  put(object: Thing): Thing {
    const key = keyOf(object);
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    const stored = this.#stamp(object);
    this.#objects.set(key, stored);
    this.#publish({ type, object: stored });
    return stored;
  }

  delete(key: string): void {
    const old = this.#objects.get(key);
    if (old === undefined) throw new Error(`no ${key}`);
    this.#objects.delete(key);
    this.#publish({ type: 'DELETED', object: this.#stamp(old) });
  }

  bookmark(): void {
    this.#version += 1;
    for (const { push } of this.watchers) push({ type: 'BOOKMARK', object: this.#stamp(aThing('')) });
  }

  /** Ends running watches: cleanly, or with an error. */
  endWatches(error?: Error): void {
    for (const { push } of this.watchers) push(error);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- stands in for the generic method of KubeClient
  async *pages(_type: ResourceType<any>, { limit = 500 }: ListOptions = {}): AsyncGenerator<ObjectList<any>> {
    this.lists += 1;
    await Promise.resolve();
    const fault = this.listFaults.shift();
    if (fault !== undefined) throw fault;
    const all = [...this.#objects.values()];
    const resourceVersion = String(this.#version);
    for (let from = 0; from === 0 || from < all.length; from += limit)
      yield {
        items: all.slice(from, from + limit),
        resourceVersion,
        continue: from + limit < all.length ? 'more' : undefined,
      };
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- stands in for the generic method of KubeClient
  async *watch(_type: ResourceType<any>, options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<any>> {
    this.watches += 1;
    await Promise.resolve();
    const fault = this.watchFaults.shift();
    if (fault !== undefined) throw fault;
    const since = Number(options.resourceVersion);
    const queue: (WatchEvent<Thing> | Error | undefined)[] = this.#log
      .filter(({ version }) => version > since)
      .map(({ event }) => event);
    let wake = (): void => undefined;
    const watcher: Watcher = {
      options,
      push: (event) => {
        queue.push(event);
        wake();
      },
    };
    const onAbort = (): void => {
      wake();
    };
    this.watchers.add(watcher);
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (queue.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const event = queue.shift();
        if (event === undefined) return;
        if (event instanceof Error) throw event;
        yield event;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.watchers.delete(watcher);
    }
  }

  #stamp(object: Thing): Thing {
    this.#version += 1;
    const resourceVersion = String(this.#version);
    return { ...object, metadata: { uid: `uid-${object.metadata.name}`, ...object.metadata, resourceVersion } };
  }

  #publish(event: WatchEvent<Thing>): void {
    if (this.deaf) return;
    this.#log.push({ version: this.#version, event });
    for (const { push } of this.watchers) push(event);
  }
}

/** What a watch or list of an old resourceVersion gets; kube-client.cluster.spec.ts compares it with a real server's. */
export const gone = (): ApiError => new ApiError(410, 'Expired', 'too old resource version: 1 (100)');

/** A logger that keeps its messages. */
export class MemoryLogger implements Logger {
  readonly entries: { readonly level: string; readonly fields: Record<string, unknown>; readonly message: string }[] =
    [];
  readonly debug = this.#at('debug');
  readonly info = this.#at('info');
  readonly warn = this.#at('warn');
  readonly error = this.#at('error');

  messages(level: string): string[] {
    return this.entries.filter((entry) => entry.level === level).map((entry) => entry.message);
  }

  #at(level: string) {
    return (fields: object, message: string): void => {
      this.entries.push({ level, fields: { ...fields }, message });
    };
  }
}
