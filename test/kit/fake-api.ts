import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '@pawl/shared/kubernetes/api-error';
import {
  apiVersionOf,
  type DesiredObject,
  joinKey,
  type KubeObject,
  type ResourceType,
} from '@pawl/shared/kubernetes/kube-object';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import type {
  ApiVerb,
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  ListOptions,
  ObjectList,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@pawl/shared/kubernetes/requests';
import { leavesOf, merged, mergePatched, namesLast, without } from './apply-fields.ts';

/** Refusals as the API server words them. */
export const refusals = {
  conflict: (): ApiError =>
    new ApiError(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version'),
  gone: (): ApiError => new ApiError(410, 'Expired', 'too old resource version: 1 (100)'),
  forbidden: (message = 'User "pawl" cannot do this'): ApiError => new ApiError(403, 'Forbidden', message),
  invalid: (message = 'it is invalid'): ApiError => new ApiError(422, 'Invalid', message),
  kindMissing: (): ApiError => new ApiError(404, 'NotFound', 'the server could not find the requested resource'),
};

/** Requests that fail: all that match what is given. */
export interface Matching {
  readonly verb?: ApiVerb;
  readonly kind?: string;
  readonly name?: string;
}

/** `hang`: no answer comes until the caller's signal is aborted. */
export type Fault = Error | 'hang';

/** One request that was made. */
export interface Made {
  readonly verb: ApiVerb;
  readonly kind: string;
  readonly name: string | undefined;
}

type Stored = KubeObject & { readonly status?: unknown };

interface Change {
  readonly version: number;
  readonly kind: string;
  readonly now: Stored | undefined;
  readonly before: Stored | undefined;
}

interface Watcher {
  readonly wake: () => void;
  /** How the watch ends: by the server, or broken. */
  end?: { readonly error?: Error };
}

const WRITES: readonly ApiVerb[] = ['create', 'update', 'patch', 'apply', 'delete'];

/**
 * An API server in memory: what the controller asks of one, with the faults that a server and a network have.
 * fake-api.spec.ts holds it and a real server to the same contract. It has no admission, defaults or garbage collection.
 */
export class FakeApi implements Omit<KubernetesApi, 'jsonPatch'> {
  /** Every request, in order. */
  readonly made: Made[] = [];
  readonly #objects = new Map<string, Stored>();
  /** By object and field manager: the paths that it applied last. */
  readonly #owned = new Map<string, Map<string, Set<string>>>();
  readonly #changes: Change[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #faults = new Set<{ readonly matching: Matching; readonly fault: Fault; left: number }>();
  readonly #onBack = new Set<() => void>();
  readonly #now: () => number;
  #version = 100;
  /** Changes up to here are forgotten: a watch from before is told that it is too old. */
  #forgotten = 0;

  /** @param now milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  // -- what tests do ---------------------------------------------------------------------------------------------------

  /** Has requests fail, so many times or until the returned function is called. */
  fail(matching: Matching, fault: Fault, times = Infinity): () => void {
    const entry = { matching, fault, left: times };
    this.#faults.add(entry);
    return () => {
      this.#faults.delete(entry);
    };
  }

  /** Ends every watch: as a server does, or broken with an error, such as the ERROR event of a 410. */
  endWatches(error?: Error): void {
    for (const watcher of this.#watchers) {
      watcher.end = error === undefined ? {} : { error };
      watcher.wake();
    }
  }

  /** Forgets all changes so far. */
  forgetChanges(): void {
    this.#forgotten = this.#version;
  }

  /** Tells those who wait that the server is back. */
  isBack(): void {
    for (const listener of [...this.#onBack]) listener();
  }

  /** Puts an object there as another program left it, status and all. */
  put<T extends KubeObject>(object: T): T {
    const key = this.#key(object.kind, object.metadata.namespace, object.metadata.name);
    return this.#store(key, object) as unknown as T;
  }

  /** What a cache would have, at once. */
  all<T extends KubeObject>(type: ResourceType<T>): readonly T[] {
    return copy([...this.#objects.values()].filter(({ kind }) => kind === type.kind)) as unknown as T[];
  }

  /** Requests that could have changed something. */
  get writes(): readonly Made[] {
    return this.made.filter(({ verb }) => WRITES.includes(verb));
  }

  // -- KubernetesApi ---------------------------------------------------------------------------------------------------

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    await this.#begin('get', type, name, options.signal);
    return copy(this.#objects.get(this.#key(type.kind, namespace, name))) as T | undefined;
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    await this.#begin('list', type, undefined, options.signal);
    const all = [...this.#objects.values()].filter((object) => object.kind === type.kind && isIn(object, options));
    const from = Number(options.continue ?? 0);
    const to = from + (options.limit ?? 500);
    return {
      items: copy(all.slice(from, to)) as unknown as T[],
      resourceVersion: String(this.#version),
      continue: to < all.length ? String(to) : undefined,
    };
  }

  async *pages<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): AsyncGenerator<ObjectList<T>> {
    let next = options.continue;
    do {
      const page = await this.list(type, { ...options, continue: next });
      yield page;
      next = page.continue;
    } while (next !== undefined);
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    await this.#begin('watch', type, undefined, signal);
    let seen = Number(options.resourceVersion ?? this.#version);
    if (seen < this.#forgotten) throw refusals.gone();
    let turn = Promise.withResolvers<undefined>();
    const watcher: Watcher = {
      wake: () => {
        turn.resolve(undefined);
      },
    };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', watcher.wake);
    try {
      for (;;) {
        turn = Promise.withResolvers<undefined>();
        for (const change of this.#changes.filter(({ version, kind }) => version > seen && kind === type.kind)) {
          seen = change.version;
          const event = eventOf(change, options);
          if (event !== undefined) yield copy(event) as WatchEvent<T>;
        }
        signal.throwIfAborted();
        if (watcher.end?.error !== undefined) throw watcher.end.error;
        if (watcher.end !== undefined) return;
        await turn.promise;
      }
    } finally {
      signal.removeEventListener('abort', watcher.wake);
      this.#watchers.delete(watcher);
    }
  }

  async apply<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options: ApplyOptions): Promise<T> {
    const { namespace, name, resourceVersion } = object.metadata;
    await this.#begin('apply', type, name, options.signal);
    const key = this.#key(type.kind, namespace, name);
    const live = this.#objects.get(key);
    if (live === undefined && options.subresource !== undefined) throw notFound(type, name);
    this.#requireVersion(live, resourceVersion);
    const leaves = leavesOf(fieldsOf(object, options.subresource));
    const owners = this.#owned.get(key) ?? new Map<string, Set<string>>();
    const manager = `${options.fieldManager} ${options.subresource ?? ''}`;
    this.#requireOwnership(live, leaves, owners, manager, options);
    const isOfOthers = (path: string) => [...owners].some(([other, paths]) => other !== manager && paths.has(path));
    const dropped = [...(owners.get(manager) ?? [])].filter((path) => !leaves.has(path) && !isOfOthers(path));
    const base: unknown = live ?? { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { name, namespace } };
    const next = dropped.toSorted(namesLast).reduce(without, base);
    this.#owned.set(key, owners.set(manager, new Set(leaves.keys())));
    return this.#store(key, merged(next, fieldsOf(object, options.subresource)) as Stored) as unknown as T;
  }

  async mergePatch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    await this.#begin('patch', type, name, options.signal);
    const live = this.#require(type, namespace, name);
    const { metadata } = patch as { readonly metadata?: { readonly resourceVersion?: string } };
    this.#requireVersion(live, options.resourceVersion ?? metadata?.resourceVersion);
    const next = mergePatched(live, fieldsOf(patch, options.subresource)) as Stored;
    return this.#store(this.#key(type.kind, namespace, name), next) as unknown as T;
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: DesiredObject,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    await this.#begin('create', type, name, options.signal);
    const key = this.#key(type.kind, namespace, name);
    if (this.#objects.has(key))
      throw new ApiError(409, 'AlreadyExists', `${type.plural} "${name}" already exists`, { objectName: name });
    const fields = fieldsOf(object, undefined);
    const manager = `${options.fieldManager ?? 'unknown'} `;
    this.#owned.set(key, new Map([[manager, new Set(leavesOf(fields).keys())]]));
    const { metadata } = object;
    const made = { ...fields, apiVersion: apiVersionOf(type), kind: type.kind, metadata } as Stored;
    return this.#store(key, made) as unknown as T;
  }

  async update<T extends KubeObject>(
    type: ResourceType<T>,
    object: DesiredObject,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name, resourceVersion } = object.metadata;
    await this.#begin('update', type, name, options.signal);
    const live = this.#require(type, namespace, name);
    this.#requireVersion(live, resourceVersion);
    const { status, ...rest } = object as unknown as Stored;
    const next = options.subresource === 'status' ? { ...live, status } : { ...rest, status: live.status };
    return this.#store(this.#key(type.kind, namespace, name), next) as unknown as T;
  }

  async delete(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    { uid, resourceVersion, signal }: DeleteOptions = {},
  ): Promise<void> {
    await this.#begin('delete', type, name, signal);
    const key = this.#key(type.kind, namespace, name);
    const live = this.#objects.get(key);
    if (live === undefined) return;
    if (uid !== undefined && uid !== live.metadata.uid) throw refusals.conflict();
    this.#requireVersion(live, resourceVersion);
    this.#objects.delete(key);
    this.#owned.delete(key);
    this.#version += 1;
    const metadata = { ...live.metadata, resourceVersion: String(this.#version) };
    this.#publish({ version: this.#version, kind: live.kind, now: undefined, before: { ...live, metadata } });
  }

  onBack(listener: () => void): () => void {
    this.#onBack.add(listener);
    return () => {
      this.#onBack.delete(listener);
    };
  }

  // --------------------------------------------------------------------------------------------------------------------

  #key(kind: string, namespace: string | undefined, name: string): string {
    return `${kind} ${joinKey(namespace, name)}`;
  }

  /** Notes a request, and has it fail where it should. */
  async #begin(verb: ApiVerb, { kind }: ResourceType, name: string | undefined, signal?: AbortSignal): Promise<void> {
    this.made.push({ verb, kind, name });
    await Promise.resolve();
    signal?.throwIfAborted();
    for (const entry of this.#faults) {
      const { matching, fault } = entry;
      const isMeant = Object.entries(matching).every(
        ([field, value]) => value === undefined || { verb, kind, name }[field as keyof Matching] === value,
      );
      if (!isMeant) continue;
      entry.left -= 1;
      if (entry.left <= 0) this.#faults.delete(entry);
      if (fault !== 'hang') throw fault;
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    }
  }

  #require(type: ResourceType, namespace: string | undefined, name: string): Stored {
    const live = this.#objects.get(this.#key(type.kind, namespace, name));
    if (live === undefined) throw notFound(type, name);
    return live;
  }

  #requireVersion(live: Stored | undefined, version: string | undefined): void {
    if (version !== undefined && version !== live?.metadata.resourceVersion) throw refusals.conflict();
  }

  /** Fields of others with other values are a conflict, unless they are taken by force. */
  #requireOwnership(
    live: Stored | undefined,
    leaves: ReadonlyMap<string, unknown>,
    owners: Map<string, Set<string>>,
    manager: string,
    { force = false }: ApplyOptions,
  ): void {
    const present = leavesOf(live);
    for (const [path, value] of leaves)
      for (const [other, paths] of owners) {
        if (other === manager || !paths.has(path) || isDeepStrictEqual(present.get(path), value)) continue;
        if (!force)
          throw new ApiError(409, 'Conflict', `Apply failed with 1 conflict: conflict with "${other.trim()}": ${path}`);
        paths.delete(path);
      }
  }

  /** Keeps an object with what the server sets; one that is as it was before keeps its resourceVersion. */
  #store(key: string, object: Stored): Stored {
    const before = this.#objects.get(key);
    const { metadata } = object;
    const isSpecChanged = before !== undefined && !isDeepStrictEqual(specOf(object), specOf(before));
    const stamped: Stored = copy({
      ...object,
      metadata: {
        creationTimestamp: new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z'),
        ...metadata,
        uid: before?.metadata.uid ?? metadata.uid ?? `uid-${key}-${this.#version}`,
        generation: (before?.metadata.generation ?? metadata.generation ?? 1) + (isSpecChanged ? 1 : 0),
        resourceVersion: before?.metadata.resourceVersion,
        ...(before && { creationTimestamp: before.metadata.creationTimestamp }),
      },
    });
    if (before !== undefined && isDeepStrictEqual(stamped, before)) return copy(before);
    this.#version += 1;
    const stored = { ...stamped, metadata: { ...stamped.metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(key, stored);
    this.#publish({ version: this.#version, kind: stored.kind, now: stored, before });
    return copy(stored);
  }

  #publish(change: Change): void {
    this.#changes.push(change);
    for (const { wake } of this.#watchers) wake();
  }
}

const notFound = ({ plural }: ResourceType, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${plural} "${name}" not found`, { objectName: name });

/** What a write to an object or to a part of it may change. */
function fieldsOf(object: object, subresource: string | undefined): object {
  const { status, metadata, ...rest } = object as Partial<Stored>;
  if (subresource !== undefined) return { status };
  const { labels, annotations, ownerReferences, finalizers } = metadata ?? {};
  const given = Object.entries({ labels, annotations, ownerReferences, finalizers }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(given) };
}

/** What the generation counts. */
const specOf = (object: Stored): unknown =>
  Object.fromEntries(Object.entries(object).filter(([field]) => field !== 'status' && field !== 'metadata'));

/** As it travels: without what is undefined, and nobody else's. */
const copy = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

/** Whether an object is in a list or watch. Selectors: `a=b` and `a`, joined by commas; fields: `metadata.name=x`. */
function isIn({ metadata }: Stored, { namespace, labelSelector, fieldSelector }: ListOptions): boolean {
  const labels = metadata.labels ?? {};
  const terms = labelSelector?.split(',').map((term) => term.split('=')) ?? [];
  return (
    (namespace === undefined || metadata.namespace === namespace) &&
    (fieldSelector === undefined || fieldSelector === `metadata.name=${metadata.name}`) &&
    terms.every(([key = '', value]) => key in labels && (value === undefined || labels[key] === value))
  );
}

/** A change as a watch tells it: an object that leaves its selector is deleted for it. */
function eventOf({ now, before }: Change, options: WatchOptions): WatchEvent<Stored> | undefined {
  const isNow = now !== undefined && isIn(now, options);
  const wasBefore = before !== undefined && isIn(before, options);
  if (isNow) return { type: wasBefore ? 'MODIFIED' : 'ADDED', object: now };
  return wasBefore ? { type: 'DELETED', object: now ?? before } : undefined;
}
