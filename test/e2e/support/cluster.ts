import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemClock } from '@pawl/shared/concurrency/clock';
import { isNotFound } from '@pawl/shared/kubernetes/api-error';
import { KubeConnection } from '@pawl/shared/kubernetes/connection';
import type { KubeObject as AnyObject } from '@pawl/shared/kubernetes/kube-object';
import { loadKubeconfig } from '@pawl/shared/kubernetes/kubeconfig';
import { type Request, Requester } from '@pawl/shared/kubernetes/requester';
import { type ApiVerb, query } from '@pawl/shared/kubernetes/requests';
import { settings } from './settings.ts';

const run = promisify(execFile);

/** An object of the Kubernetes API, with whatever fields it has. */
export interface KubeObject extends AnyObject {
  readonly [field: string]: unknown;
}

/** One event of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

const REQUEST_TIMEOUT_MS = 20_000;
/** Longest that one command may take, ms: `helm --wait` and `kubectl wait` among them. */
const COMMAND_TIMEOUT_MS = 600_000;
const COMMAND = { maxBuffer: 1 << 26, timeout: COMMAND_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
/** The report of a load generator counts every request of a scenario. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Where a resource of a namespace lies below the API server. */
export const pathOf = {
  pods: (namespace: string, name = '') => `/api/v1/namespaces/${namespace}/pods${name && `/${name}`}`,
  core: (namespace: string, plural: string, name = '') =>
    `/api/v1/namespaces/${namespace}/${plural}${name && `/${name}`}`,
  deployments: (namespace: string, name = '') =>
    `/apis/apps/v1/namespaces/${namespace}/deployments${name && `/${name}`}`,
  leases: (namespace: string, name = '') =>
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases${name && `/${name}`}`,
  modelVersions: (namespace: string, name = '') =>
    `/apis/pawl.dev/v1alpha1/namespaces/${namespace}/modelversions${name && `/${name}`}`,
  group: (group: string, namespace: string, plural: string, name = '') =>
    `/apis/${group}/namespaces/${namespace}/${plural}${name && `/${name}`}`,
};

/** The cluster of KUBECONFIG, asked by path: scenarios read objects of many kinds, logs, and pods through the API server. */
export class TestCluster {
  readonly #requester: Requester;

  /** @param kubeconfig path of a file, instead of what kubectl would take. */
  constructor(kubeconfig?: string) {
    const connection = new KubeConnection(() => loadKubeconfig({ path: kubeconfig }), systemClock, 'pawl-e2e');
    this.#requester = new Requester(connection, { timeoutMs: REQUEST_TIMEOUT_MS, maxBytes: MAX_BYTES });
  }

  /** Ends every connection at once; watches fail. */
  async close(): Promise<void> {
    await this.#requester.close();
  }

  /** The object or list at a path. @throws ApiError, ApiUnreachable */
  async get<T = KubeObject>(path: string): Promise<T> {
    return (await this.#call('get', { method: 'GET', path })) as T;
  }

  /** The object at a path, or undefined when there is none. */
  async find<T = KubeObject>(path: string): Promise<T | undefined> {
    return await this.get<T>(path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  /** The items of a list. */
  async list<T = KubeObject>(path: string, labelSelector?: string): Promise<readonly T[]> {
    const request = { method: 'GET', path: path + query({ labelSelector }) } as const;
    return ((await this.#call('list', request)) as { readonly items: readonly T[] }).items;
  }

  /** Server-side apply at the path of the object itself. */
  async apply(path: string, object: object): Promise<KubeObject> {
    const to = path + query({ fieldManager: 'pawl-e2e', force: true });
    return (await this.#write('apply', 'PATCH', to, object, 'application/apply-patch+yaml')) as KubeObject;
  }

  /** JSON merge patch. */
  async patch(path: string, patch: object): Promise<KubeObject> {
    return (await this.#write('patch', 'PATCH', path, patch, 'application/merge-patch+json')) as KubeObject;
  }

  async post(path: string, body: object): Promise<KubeObject> {
    return (await this.#write('create', 'POST', path, body)) as KubeObject;
  }

  /** Deletes what is there; nothing there is fine. */
  async delete(path: string, options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    await this.#write('delete', 'DELETE', path, options).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  /** Text at a path, such as a log. */
  async text(path: string): Promise<string> {
    return await this.#requester.text('get', { method: 'GET', path, accept: '*/*' }, {});
  }

  /** The events of a watch until it ends; the caller lists again. */
  async *watch(path: string, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const params = query({ watch: true, allowWatchBookmarks: true, timeoutSeconds: 600, resourceVersion });
    const events = this.#requester.lines('watch', { method: 'GET', path: path + params }, {}, signal);
    for await (const event of events) yield event as WatchEvent;
  }

  #call(verb: ApiVerb, request: Request): Promise<unknown> {
    return this.#requester.call(verb, request, {});
  }

  #write(
    verb: ApiVerb,
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: object,
    contentType = 'application/json',
  ): Promise<unknown> {
    return this.#call(verb, { method, path, contentType, body: JSON.stringify(body) });
  }
}

/** Runs kubectl, as a person does. @returns what it printed. */
export async function kubectl(...args: string[]): Promise<string> {
  return (await run(settings().kubectl, args, COMMAND)).stdout;
}

/** Runs helm. @returns what it printed. */
export async function helm(...args: string[]): Promise<string> {
  return (await run(settings().helm, args, COMMAND)).stdout;
}

/** Runs the command of PAWL_TEST_COMPONENT. */
export async function component(...args: string[]): Promise<void> {
  const [command = '', ...first] = (settings().component ?? '').split(' ');
  if (command === '') throw new Error('PAWL_TEST_COMPONENT is not set');
  await run(command, [...first, ...args], COMMAND);
}
