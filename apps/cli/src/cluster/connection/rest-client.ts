import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { fetch, type Dispatcher } from 'undici';
import { CliError } from '../../errors/cli-error.ts';
import { connectionError, responseError, type Failure } from './failures.ts';

interface Credentials {
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher | undefined;
  readonly until: number;
}

export interface RestRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: unknown;
  /** What is asked for, in words, for error messages: `read pods`. */
  readonly what: string;
}

/** Short-lived tokens (exec plugins, projected files) are read again after this. */
const CREDENTIALS_MS = 60_000;

/**
 * JSON over HTTPS to an API server with the credentials of a kubeconfig. The generated classes of the client library are
 * not used: loading them takes longer than any command here.
 */
export class RestClient {
  readonly #config: KubeConfig;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  #credentials: Credentials | undefined;

  constructor(config: KubeConfig, timeoutMs: number, signal: AbortSignal) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  get description(): string {
    return `${this.server} (context ${this.#config.getCurrentContext()})`;
  }

  /** @throws CliError for everything but a 2xx answer and, where `missing` is given, a 404 */
  async send<T>(request: RestRequest): Promise<T>;
  async send<T>(request: RestRequest, missing: 'undefined'): Promise<T | undefined>;
  async send<T>(request: RestRequest, missing?: 'undefined'): Promise<T | undefined> {
    const { status, text } = await this.#exchange(request);
    if (status >= 200 && status < 300) return JSON.parse(text) as T;
    const failure: Failure = { status, text, what: request.what, where: this.description };
    if (status === 404 && missing !== undefined && isObjectMissing(text)) return undefined;
    throw responseError(failure);
  }

  async close(): Promise<void> {
    const { dispatcher } = this.#credentials ?? {};
    this.#credentials = undefined;
    await dispatcher?.destroy();
  }

  async #exchange(request: RestRequest, again = false): Promise<{ status: number; text: string }> {
    const url = new URL(this.server.replace(/\/+$/, '') + request.path);
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(this.#timeoutMs)]);
    const { headers, dispatcher } = await this.#authenticate();
    try {
      const response = await fetch(url, {
        method: request.method ?? 'GET',
        headers: {
          ...headers,
          Accept: request.accept ?? 'application/json',
          'User-Agent': 'pawl-cli',
          ...(request.contentType === undefined ? {} : { 'Content-Type': request.contentType }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(dispatcher === undefined ? {} : { dispatcher }),
        redirect: 'error',
        signal,
      });
      const text = await response.text();
      if (response.status === 401 && !again) {
        await this.close();
        return await this.#exchange(request, true);
      }
      return { status: response.status, text };
    } catch (error) {
      if (error instanceof CliError) throw error;
      if (this.#signal.aborted) throw new CliError('INTERRUPTED', 'interrupted', '', error);
      throw connectionError(error, this.description, this.#timeoutMs);
    }
  }

  async #authenticate(): Promise<Credentials> {
    if (this.#credentials !== undefined && this.#credentials.until > performance.now()) return this.#credentials;
    await this.close();
    const headers: Record<string, string> = {};
    let dispatcher: Dispatcher | undefined;
    const sink = {
      setHeaderParam: (key: string, value: string) => {
        headers[key] = value;
      },
      setDispatcher: (value: Dispatcher) => {
        dispatcher = value;
      },
    };
    try {
      // The sink has the two methods that are called; a RequestContext would load the generated client.
      await this.#config.applySecurityAuthentication(sink as unknown as RequestContext);
    } catch (error) {
      throw new CliError(
        'CLUSTER_UNAUTHENTICATED',
        `cannot get credentials for ${this.description}: ${(error as Error).message}`,
        'Log in again the way this cluster wants it, and check that `kubectl auth whoami` works with the same context.',
        error,
      );
    }
    this.#credentials = { headers, dispatcher, until: performance.now() + CREDENTIALS_MS };
    return this.#credentials;
  }
}

/** A 404 about one object, and not about its whole type. */
function isObjectMissing(text: string): boolean {
  try {
    const status = JSON.parse(text) as { details?: { name?: string } };
    return status.details?.name !== undefined;
  } catch {
    return false;
  }
}
