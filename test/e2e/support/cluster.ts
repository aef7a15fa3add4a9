import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { settings } from './settings.ts';

const run = promisify(execFile);

/** An object of the Kubernetes API, as far as these tests read it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** An answer of the API server that is not 2xx. */
export class ApiError extends Error {
  readonly status: number;

  constructor(method: string, path: string, status: number, body: string) {
    super(`${method} ${path}: ${status} ${body.slice(0, 500)}`);
    this.status = status;
  }
}

/** One event of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

const REQUEST_TIMEOUT_MS = 20_000;

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

/**
 * The cluster of KUBECONFIG, through one `kubectl proxy`: whatever way of logging in kubectl knows works, and asking often
 * costs little.
 */
export class Cluster {
  readonly #proxy: ChildProcess;
  readonly #url: string;

  private constructor(proxy: ChildProcess, url: string) {
    this.#proxy = proxy;
    this.#url = url;
  }

  static async connect(): Promise<Cluster> {
    const proxy = spawn(settings().kubectl, ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors: string[] = [];
    proxy.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: proxy.stdout }).on('line', (line) => {
        const found = /Starting to serve on [^:]+:(\d+)/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      proxy.once('error', reject);
      proxy.once('exit', () => {
        reject(new Error(`kubectl proxy ended: ${errors.join('')}`));
      });
    });
    return new Cluster(proxy, `http://127.0.0.1:${port}`);
  }

  close(): void {
    this.#proxy.kill();
  }

  /** The object or list at a path. @throws ApiError */
  async get<T = KubeObject>(path: string): Promise<T> {
    return (await this.#call('GET', path)) as T;
  }

  /** The object at a path, or undefined when there is none. */
  async find<T = KubeObject>(path: string): Promise<T | undefined> {
    return await this.get<T>(path).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
  }

  /** The items of a list. */
  async list<T = KubeObject>(path: string, labelSelector = ''): Promise<readonly T[]> {
    const query = labelSelector === '' ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
    return (await this.get<{ readonly items: readonly T[] }>(`${path}${query}`)).items;
  }

  /** Server-side apply at the path of the object itself. */
  async apply(path: string, object: object): Promise<KubeObject> {
    return (await this.#call(
      'PATCH',
      `${path}?fieldManager=pawl-e2e&force=true`,
      object,
      'application/apply-patch+yaml',
    )) as KubeObject;
  }

  /** JSON merge patch. */
  async patch(path: string, patch: object): Promise<KubeObject> {
    return (await this.#call('PATCH', path, patch, 'application/merge-patch+json')) as KubeObject;
  }

  async post(path: string, body: object): Promise<KubeObject> {
    return (await this.#call('POST', path, body, 'application/json')) as KubeObject;
  }

  /** Deletes what is there; nothing there is fine. */
  async delete(path: string, options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    await this.#call('DELETE', path, options, 'application/json').catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
  }

  /** Text at a path, such as a log. */
  async text(path: string): Promise<string> {
    return await (await this.#fetch('GET', path)).text();
  }

  /** The events of a watch until it ends; the caller lists again. */
  async *watch(path: string, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const query = `?watch=true&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=${resourceVersion}`;
    const response = await fetch(`${this.#url}${path}${query}`, { signal });
    if (!response.ok || response.body === null)
      throw new ApiError('WATCH', path, response.status, await response.text());
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
    }
  }

  async #call(method: string, path: string, body?: object, type?: string): Promise<unknown> {
    return await (await this.#fetch(method, path, body, type)).json();
  }

  async #fetch(method: string, path: string, body?: object, type = 'application/json'): Promise<Response> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } }),
    });
    if (!response.ok) throw new ApiError(method, path, response.status, await response.text());
    return response;
  }
}

/** Runs kubectl, as a person does. @returns what it printed. */
export async function kubectl(...args: string[]): Promise<string> {
  return (await run(settings().kubectl, args, { maxBuffer: 1 << 26 })).stdout;
}

/** Runs helm. @returns what it printed. */
export async function helm(...args: string[]): Promise<string> {
  return (await run(settings().helm, args, { maxBuffer: 1 << 26 })).stdout;
}

/** Runs the command of PAWL_TEST_COMPONENT. */
export async function component(...args: string[]): Promise<void> {
  const [command = '', ...first] = (settings().component ?? '').split(' ');
  if (command === '') throw new Error('PAWL_TEST_COMPONENT is not set');
  await run(command, [...first, ...args], { maxBuffer: 1 << 26 });
}
