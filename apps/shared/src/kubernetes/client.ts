import { systemClock } from '../concurrency/clock.ts';
import { ApiError, isKindMissing, isNotFound } from './api-error.ts';
import { KubeConnection } from './connection.ts';
import { apiVersionOf, type DesiredObject, type KubeObject, type ResourceType } from './kube-object.ts';
import { type KubeconfigSource, loadKubeconfig } from './kubeconfig.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import {
  type ApplyOptions,
  type CallOptions,
  type DeleteOptions,
  type JsonPatchOperation,
  json,
  type ListOptions,
  METADATA_LIST,
  type ObjectList,
  type PatchOptions,
  pathOf,
  query,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
  written,
} from './requests.ts';
import { Requester, type RequesterOptions } from './requester.ts';

export interface KubeClientOptions extends RequesterOptions {
  /** `pawl` by default. */
  readonly userAgent?: string | undefined;
}

const PAGE = 500;

/** {@link KubernetesApi} over HTTPS, as plain JSON. */
export class KubeClient implements KubernetesApi {
  readonly #requester: Requester;

  constructor(connection: KubeConnection, options: RequesterOptions = {}) {
    this.#requester = new Requester(connection, options);
  }

  /** A client that reads its kubeconfig with the first request, and again when its credentials are refused. */
  static fromKubeconfig(source: KubeconfigSource, options: KubeClientOptions = {}): KubeClient {
    const { clock = systemClock, userAgent = 'pawl' } = options;
    return new KubeClient(new KubeConnection(() => loadKubeconfig(source), clock, userAgent), options);
  }

  onBack(listener: () => void): () => void {
    return this.#requester.onBack(listener);
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return (await this.#requester.call('get', { method: 'GET', path: pathOf(type, namespace, name) }, options)) as T;
    } catch (error) {
      if (isNotFound(error) && !isKindMissing(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, limit = PAGE, resourceVersion } = options;
    const params = { labelSelector, fieldSelector, limit, resourceVersion, continue: options.continue };
    const path = pathOf(type, namespace) + query(params);
    const accept = options.metadataOnly === true ? METADATA_LIST : undefined;
    const page = (await this.#requester.call('list', { method: 'GET', path, accept }, options)) as {
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
    for await (const line of this.#requester.lines('watch', { method: 'GET', path }, options, signal)) {
      const event = line as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: unknown };
      if (event.type === 'ERROR') throw ApiError.fromStatus(event.object, 500);
      yield event;
    }
  }

  async apply<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options: ApplyOptions): Promise<T> {
    const { namespace, name } = object.metadata;
    const path =
      pathOf(type, namespace, name, options.subresource) + query({ ...written(options), force: options.force });
    const body = JSON.stringify({ ...object, apiVersion: apiVersionOf(type), kind: type.kind });
    const contentType = 'application/apply-patch+yaml';
    return (await this.#requester.call('apply', { method: 'PATCH', path, contentType, body }, options)) as T;
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
    return (await this.#requester.call('create', json('POST', path, object), options)) as T;
  }

  async update<T extends KubeObject>(
    type: ResourceType<T>,
    object: DesiredObject,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const path = pathOf(type, namespace, name, options.subresource) + query(written(options));
    return (await this.#requester.call('update', json('PUT', path, object), options)) as T;
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
      await this.#requester.call('delete', json('DELETE', pathOf(type, namespace, name), body), options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Ends every connection at once; watches fail. */
  close(): Promise<void> {
    return this.#requester.close();
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
    return (await this.#requester.call('patch', request, options)) as T;
  }
}
