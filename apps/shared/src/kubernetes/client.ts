import type { Dispatcher } from 'undici';
import { ApiError, ApiUnreachable, isNotFound } from './api-error.ts';
import { KubeConnection, loadKubeconfig, type WireRequest } from './connection.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import { type Clock, sleep, systemClock } from '../concurrency/clock.ts';
import { type Deadline, startDeadline } from '../concurrency/deadline.ts';
import {
  type ApiMetrics,
  type ApiVerb,
  type ApplyOptions,
  type CallOptions,
  type DeleteOptions,
  type JsonPatchOperation,
  json,
  lines,
  type ListOptions,
  type ObjectList,
  type PatchOptions,
  pathOf,
  query,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
  written,
} from './requests.ts';
import { apiVersionOf, type DesiredObject, type KubeObject, type ResourceType } from './kube-object.ts';

export interface KubeClientOptions {
  readonly clock?: Clock | undefined;
  readonly metrics?: ApiMetrics | undefined;
  readonly userAgent?: string | undefined;
}

type Wire = Omit<WireRequest, 'signal'>;

const TIMEOUT_MS = 10_000;
const PAGE = 500;

/** {@link KubernetesApi} over HTTPS, as plain JSON. */
export class KubeClient implements KubernetesApi {
  readonly #connection: KubeConnection;
  readonly #clock: Clock;
  readonly #metrics: ApiMetrics | undefined;
  /** Whether the last request got no answer, or one of a server that cannot serve (5xx). */
  #isAway = false;
  readonly #onBack = new Set<() => void>();

  constructor(connection: KubeConnection, { clock = systemClock, metrics }: KubeClientOptions = {}) {
    this.#connection = connection;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** @param path of a kubeconfig; without one as kubectl does: KUBECONFIG, ~/.kube/config, the pod's service account. */
  static fromKubeconfig(path?: string, options: KubeClientOptions = {}): KubeClient {
    const { clock = systemClock, userAgent = 'pawl' } = options;
    return new KubeClient(new KubeConnection(() => loadKubeconfig(path), clock, userAgent), options);
  }

  onBack(listener: () => void): () => void {
    this.#onBack.add(listener);
    return () => {
      this.#onBack.delete(listener);
    };
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return (await this.#call('get', { method: 'GET', path: pathOf(type, namespace, name) }, options)) as T;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, limit = PAGE, resourceVersion } = options;
    const params = { labelSelector, fieldSelector, limit, resourceVersion, continue: options.continue };
    const path = pathOf(type, namespace) + query(params);
    const page = (await this.#call('list', { method: 'GET', path }, options)) as {
      readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
      readonly items: readonly T[] | null;
    };
    return {
      // Items of built-in kinds come without these two.
      items: (page.items ?? []).map((item) => ({ ...item, apiVersion: apiVersionOf(type), kind: type.kind })),
      resourceVersion: page.metadata.resourceVersion,
      continue: page.metadata.continue === '' ? undefined : page.metadata.continue,
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
    const { namespace, labelSelector, fieldSelector, resourceVersion, allowBookmarks = true, timeoutSeconds } = options;
    const params = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
    const path = pathOf(type, namespace) + query({ watch: true, allowWatchBookmarks: allowBookmarks, ...params });
    const request = { method: 'GET', path } as const;
    const deadline = startDeadline(this.#clock, options.timeoutMs ?? TIMEOUT_MS, signal, options.signal);
    try {
      const response = await this.#send('watch', request, deadline.signal);
      deadline.disarm();
      // Leaving the loop early ends the connection.
      for await (const line of lines(response.body)) {
        const event = JSON.parse(line) as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: unknown };
        if (event.type === 'ERROR') throw ApiError.fromStatus(event.object, 500);
        yield event;
      }
    } catch (error) {
      throw failure(request, error, deadline);
    } finally {
      deadline.done();
    }
  }

  async apply<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options: ApplyOptions): Promise<T> {
    const { namespace, name } = object.metadata;
    const path =
      pathOf(type, namespace, name, options.subresource) + query({ ...written(options), force: options.force });
    const body = JSON.stringify({ ...object, apiVersion: apiVersionOf(type), kind: type.kind });
    const contentType = 'application/apply-patch+yaml';
    return (await this.#call('apply', { method: 'PATCH', path, contentType, body }, options)) as T;
  }

  mergePatch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const { resourceVersion } = options;
    const { metadata, ...rest } = patch as { readonly metadata?: object };
    const guarded = resourceVersion === undefined ? patch : { ...rest, metadata: { ...metadata, resourceVersion } };
    return this.#patch(type, namespace, name, 'application/merge-patch+json', guarded, options);
  }

  jsonPatch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    operations: readonly JsonPatchOperation[],
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#patch(type, namespace, name, 'application/json-patch+json', operations, options);
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: DesiredObject,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = pathOf(type, object.metadata.namespace) + query(written(options));
    return (await this.#call('create', json('POST', path, object), options)) as T;
  }

  async update<T extends KubeObject>(
    type: ResourceType<T>,
    object: DesiredObject,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const path = pathOf(type, namespace, name, options.subresource) + query(written(options));
    return (await this.#call('update', json('PUT', path, object), options)) as T;
  }

  async delete(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { uid, resourceVersion, propagationPolicy } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy,
    };
    try {
      await this.#call('delete', json('DELETE', pathOf(type, namespace, name), body), options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Ends every connection at once; watches fail. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  async #patch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    contentType: string,
    patch: object,
    options: WriteOptions,
  ): Promise<T> {
    const path = pathOf(type, namespace, name, options.subresource) + query(written(options));
    const request = { method: 'PATCH', path, contentType, body: JSON.stringify(patch) } as const;
    return (await this.#call('patch', request, options)) as T;
  }

  async #call(verb: ApiVerb, request: Wire, { signal, timeoutMs = TIMEOUT_MS }: CallOptions): Promise<unknown> {
    const deadline = startDeadline(this.#clock, timeoutMs, signal);
    try {
      const { body } = await this.#send(verb, request, deadline.signal);
      return JSON.parse(await body.text()) as unknown;
    } catch (error) {
      throw failure(request, error, deadline);
    } finally {
      deadline.done();
    }
  }

  /** Tries once more with fresh credentials after a 401, and after the pause that a 429 asks for. */
  async #send(verb: ApiVerb, request: Wire, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#sendOnce(verb, request, signal);
    } catch (error) {
      const pause = error instanceof ApiError ? secondsUntilRetry(error) : undefined;
      if (pause === undefined) throw error;
      await sleep(this.#clock, pause * 1000, signal);
      // A pause longer than the call may take: its caller learns how long it is.
      if (signal.aborted) throw error;
      return this.#sendOnce(verb, request, signal);
    }
  }

  async #sendOnce(verb: ApiVerb, request: Wire, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const startedAt = this.#clock.monotonic();
    let code = 'unreachable';
    try {
      const response = await this.#connection.send({ ...request, signal });
      code = String(response.statusCode);
      if (response.statusCode < 400) return response;
      throw ApiError.fromStatus(await statusOf(response), response.statusCode, retryAfter(response));
    } finally {
      if (code !== 'unreachable') this.#heard(Number(code) < 500);
      // A caller that lost interest says nothing about the server.
      else if (!signal.aborted || isTimeout(signal.reason)) this.#heard(false);
      this.#metrics?.requested(verb, code, (this.#clock.monotonic() - startedAt) / 1000);
    }
  }

  #heard(isThere: boolean): void {
    const isBack = isThere && this.#isAway;
    this.#isAway = !isThere;
    if (isBack) for (const listener of [...this.#onBack]) listener();
  }
}

const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError';

const secondsUntilRetry = ({ status, retryAfterSeconds }: ApiError): number | undefined =>
  status === 401 ? 0 : status === 429 ? retryAfterSeconds : undefined;

function retryAfter({ headers }: Dispatcher.ResponseData): string | undefined {
  const value = headers['retry-after'];
  return Array.isArray(value) ? value[0] : value;
}

/** The Status object of a refusal; undefined when something else answered, such as a proxy. */
async function statusOf({ body }: Dispatcher.ResponseData): Promise<unknown> {
  const text = await body.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * What a caller gets to see. Only the code of a failure is told: messages of credential plugins and parsers may quote
 * what they read.
 */
function failure({ method, path }: Wire, error: unknown, deadline: Deadline): unknown {
  if (error instanceof ApiError || error instanceof ApiUnreachable) return error;
  if (deadline.signal.aborted && !deadline.expired) return deadline.signal.reason;
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  const why = deadline.expired ? 'no answer in time' : (code ?? name ?? 'unknown failure');
  return new ApiUnreachable(`${method} ${path.replace(/\?.*/, '')}: ${why}.`);
}
