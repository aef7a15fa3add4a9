import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../concurrency/clock.ts';
import { unlessAborted } from '../concurrency/unless-aborted.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/** One HTTP request, relative to the API server. */
export interface WireRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Path and query. */
  readonly path: string;
  /** Media type of the answer, JSON by default. */
  readonly accept?: string | undefined;
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** Tokens are asked for again this often, as client-go does; the kubeconfig's own cache may answer. */
const REFRESH_MS = 30_000;

/** What one reading of the kubeconfig gave. */
interface KubeconfigReading {
  readonly kubeconfig: Kubeconfig;
  readonly server: URL;
  readonly dispatcher: Dispatcher;
  headers: Readonly<Record<string, string>>;
  refreshAt: number;
}

/** The way to one API server: address, TLS and credentials of a kubeconfig, and one pool of connections. */
export class KubeConnection {
  readonly #load: () => Kubeconfig;
  readonly #clock: Clock;
  readonly #userAgent: string;
  #session: Promise<KubeconfigReading> | undefined;

  constructor(load: () => Kubeconfig, clock: Clock, userAgent: string) {
    this.#load = load;
    this.#clock = clock;
    this.#userAgent = userAgent;
  }

  /**
   * Sends a request and resolves with the head of the answer; its body streams. A redirect is an answer like any other.
   * Credentials that are refused and connections that fail are not used again: the next request begins with the
   * kubeconfig.
   */
  async send(request: WireRequest): Promise<Dispatcher.ResponseData> {
    const pending = (this.#session ??= this.#open());
    try {
      // undici notices an aborted request only once its connection stands, which a dead peer puts off for long.
      const sent = pending.then((session) => this.#request(session, request));
      const response = await unlessAborted(sent, request.signal);
      if (response.statusCode === 401) this.#forget(pending);
      return response;
    } catch (error) {
      // A caller that went away says nothing of the connection; one whose time ran out does.
      const { signal } = request;
      if (!signal.aborted || (signal.reason as Error | undefined)?.name === 'TimeoutError') this.#forget(pending);
      throw error;
    }
  }

  async #request(session: KubeconfigReading, request: WireRequest): Promise<Dispatcher.ResponseData> {
    await this.#refresh(session);
    const options: Dispatcher.RequestOptions & { readonly allowH2: boolean } = {
      origin: session.server.origin,
      path: session.server.pathname.replace(/\/$/, '') + request.path,
      method: request.method,
      headers: {
        ...session.headers,
        accept: request.accept ?? 'application/json',
        'user-agent': this.#userAgent,
        ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
      },
      body: request.body ?? null,
      signal: request.signal,
      // Timeouts are the caller's, by the signal.
      headersTimeout: 0,
      bodyTimeout: 0,
      // Over HTTP/2 every watch and request shares one connection, which stays in use when it is dead; over HTTP/1.1 a
      // request that is given up takes its own connection along.
      allowH2: false,
    };
    return session.dispatcher.request(options);
  }

  /** Many requests may fail at once; only the first of them may throw the session away. */
  #forget(pending: Promise<KubeconfigReading>): void {
    if (this.#session !== pending) return;
    this.#session = undefined;
    // Closes once the requests in flight have ended.
    pending.then((session) => session.dispatcher.close()).catch(() => undefined);
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.then(
      ({ dispatcher }) => dispatcher.destroy(),
      () => undefined,
    );
  }

  async #open(): Promise<KubeconfigReading> {
    const kubeconfig = this.#load();
    const { headers, dispatcher } = await kubeconfig.authenticate();
    return {
      kubeconfig,
      server: new URL(kubeconfig.server),
      dispatcher: dispatcher ?? new Agent(),
      headers,
      refreshAt: this.#clock.monotonic() + REFRESH_MS,
    };
  }

  async #refresh(session: KubeconfigReading): Promise<void> {
    if (this.#clock.monotonic() < session.refreshAt) return;
    session.refreshAt = this.#clock.monotonic() + REFRESH_MS;
    // A second dispatcher comes with them; it has no connections and is left to the garbage collector.
    session.headers = (await session.kubeconfig.authenticate()).headers;
  }
}
