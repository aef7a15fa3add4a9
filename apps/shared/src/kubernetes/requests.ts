import { apiVersionOf, type ResourceType } from './kube-object.ts';

/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer is given up, 10 000 by default. */
  readonly timeoutMs?: number | undefined;
}

export interface ListOptions extends CallOptions {
  /** Every namespace when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Most items of a page, 500 by default. */
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Asks for items that have metadata and nothing else, for objects that are large. */
  readonly metadataOnly?: boolean | undefined;
}

/** One page. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Where the next page begins; undefined on the last one. */
  readonly continue: string | undefined;
}

export interface WatchOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly allowBookmarks?: boolean | undefined;
  /** Seconds after which the server ends the watch. */
  readonly timeoutSeconds?: number | undefined;
}

/** A BOOKMARK's object has a resourceVersion and nothing else. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export interface PatchOptions extends WriteOptions {
  /** Precondition: a conflict when the object has another. */
  readonly resourceVersion?: string | undefined;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields that another manager owns instead of failing with a conflict. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Preconditions: a conflict when the object has others. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test' | 'copy' | 'move';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** What is done to objects, as metrics name it. */
export type ApiVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete';

/** Is told of every request that was sent; metrics are made of it. */
export interface RequestObserver {
  /**
   * @param code HTTP status, or `unreachable`.
   * @param seconds until the answer began or failed.
   */
  requested(verb: ApiVerb, code: string, seconds: number): void;
}

/** Media type of a list whose items have metadata alone. */
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** The path of a collection, an object or a part of one. */
export function pathOf(type: ResourceType, namespace?: string, name?: string, subresource?: string): string {
  const segments = [type.group === '' ? 'api' : 'apis', ...apiVersionOf(type).split('/')];
  if (namespace !== undefined) segments.push('namespaces', namespace);
  segments.push(type.plural);
  if (name !== undefined) segments.push(name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** The query of a request, without what is undefined. */
export function query(params: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(params).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

/** The query parameters of a write. */
export const written = ({ dryRun, fieldManager }: WriteOptions) => ({
  dryRun: dryRun === true ? 'All' : undefined,
  fieldManager,
});

/** A request with a JSON body. */
export const json = (method: 'POST' | 'PUT' | 'DELETE', path: string, body: object) => ({
  method,
  path,
  contentType: 'application/json',
  body: JSON.stringify(body),
});
