import type { Dispatcher } from 'undici';
import { type Clock, sleep, systemClock } from '../concurrency/clock.ts';
import { type Deadline, startDeadline } from '../concurrency/deadline.ts';
import { AnswerTooLong, linesOf, textOf } from './answer.ts';
import { ApiError, ApiUnreachable, type UnreachableCause } from './api-error.ts';
import type { KubeConnection, WireRequest } from './connection.ts';
import { CredentialsError, KubeconfigError } from './kubeconfig.ts';
import type { ApiVerb, CallOptions, RequestObserver } from './requests.ts';

/** How patient a client is, and who hears of its requests. */
export interface RequesterOptions {
  readonly clock?: Clock | undefined;
  readonly observer?: RequestObserver | undefined;
  /** Milliseconds until a call is given up that says nothing else, 10 000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Ends every call. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Longest answer about one object and longest line of a watch, in bytes; 16 MiB by default, ten times what etcd stores.
   * A page of a list may have {@link LIST_FACTOR} times as many.
   */
  readonly maxBytes?: number | undefined;
}

/** A request but for its signal, which the call makes. */
export type Request = Omit<WireRequest, 'signal'>;

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Longest refusal, in bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024;
/** How many times longer than an object a page of a list may be. */
const LIST_FACTOR = 8;

/** Requests with a timeout, an end to every answer, one more try where that helps, and errors of two kinds. */
export class Requester {
  readonly #connection: KubeConnection;
  readonly #clock: Clock;
  readonly #observer: RequestObserver | undefined;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #maxBytes: number;
  /** Whether the last request got no answer, or one of a server that cannot serve (5xx). */
  #isAway = false;
  readonly #onBack = new Set<() => void>();

  constructor(connection: KubeConnection, options: RequesterOptions) {
    this.#connection = connection;
    this.#clock = options.clock ?? systemClock;
    this.#observer = options.observer;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#signal = options.signal;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** As {@link KubernetesApi.onBack}. */
  onBack(listener: () => void): () => void {
    this.#onBack.add(listener);
    return () => {
      this.#onBack.delete(listener);
    };
  }

  /**
   * The JSON of an answer.
   * @throws ApiError, ApiUnreachable, and the reason of a signal that is aborted.
   */
  call(verb: ApiVerb, request: Request, options: CallOptions): Promise<unknown> {
    return this.#within(
      request,
      options,
      async (signal) => JSON.parse(await this.#text(verb, request, signal)) as unknown,
    );
  }

  /** The text of an answer, such as a log. @throws as {@link call} */
  text(verb: ApiVerb, request: Request, options: CallOptions): Promise<string> {
    return this.#within(request, options, (signal) => this.#text(verb, request, signal));
  }

  /** The lines of an answer, each as JSON. The timeout is for the beginning of the answer only. @throws as {@link call} */
  async *lines(
    verb: ApiVerb,
    request: Request,
    options: CallOptions,
    signal: AbortSignal,
  ): AsyncGenerator<unknown, undefined, undefined> {
    const deadline = this.#startDeadline(options, signal);
    try {
      const { body } = await this.#send(verb, request, deadline.signal);
      deadline.disarm();
      // Leaving the loop early ends the connection.
      for await (const line of linesOf(body, this.#maxBytes)) yield JSON.parse(line) as unknown;
    } catch (error) {
      throw failure(request, error, deadline);
    } finally {
      deadline.done();
    }
  }

  /** Ends every connection at once. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  #startDeadline({ timeoutMs = this.#timeoutMs, signal }: CallOptions, ...signals: readonly AbortSignal[]): Deadline {
    return startDeadline(this.#clock, timeoutMs, this.#signal, signal, ...signals);
  }

  async #within<T>(request: Request, options: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = this.#startDeadline(options);
    try {
      return await work(deadline.signal);
    } catch (error) {
      throw failure(request, error, deadline);
    } finally {
      deadline.done();
    }
  }

  async #text(verb: ApiVerb, request: Request, signal: AbortSignal): Promise<string> {
    const { body } = await this.#send(verb, request, signal);
    return textOf(body, verb === 'list' ? LIST_FACTOR * this.#maxBytes : this.#maxBytes);
  }

  /** Tries once more with fresh credentials after a 401, and after the pause that a 429 asks for. */
  async #send(verb: ApiVerb, request: Request, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
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

  async #sendOnce(verb: ApiVerb, request: Request, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const startedAt = this.#clock.monotonic();
    let code = 'unreachable';
    try {
      const response = await this.#connection.send({ ...request, signal });
      code = String(response.statusCode);
      if (response.statusCode >= 200 && response.statusCode < 300) return response;
      throw await refusal(response);
    } finally {
      if (code !== 'unreachable') this.#observe(Number(code) < 500);
      // A caller that lost interest says nothing about the server.
      else if (!signal.aborted || isTimeout(signal.reason)) this.#observe(false);
      this.#observer?.requested(verb, code, (this.#clock.monotonic() - startedAt) / 1000);
    }
  }

  #observe(isThere: boolean): void {
    const isBack = isThere && this.#isAway;
    this.#isAway = !isThere;
    if (isBack) for (const listener of [...this.#onBack]) listener();
  }
}

const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError';

const secondsUntilRetry = ({ status, retryAfterSeconds }: ApiError): number | undefined =>
  status === 401 ? 0 : status === 429 ? retryAfterSeconds : undefined;

/** What an answer other than 2xx says. A redirect is not followed: it would take the credentials to another server. */
async function refusal({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<ApiError> {
  const retryAfter = headers['retry-after'];
  const text = await textOf(body, MAX_REFUSAL_BYTES).catch((error: unknown) => {
    if (error instanceof AnswerTooLong) return '';
    throw error;
  });
  if (statusCode < 400) return new ApiError(statusCode, '', 'unexpected redirect');
  return ApiError.fromStatus(parsed(text), statusCode, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
}

/** JSON, or the text itself when something else answered, such as a proxy. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * What a caller gets to see. Only the code of a failure is told: messages of credential plugins and parsers may quote
 * what they read.
 */
function failure({ method, path }: Request, error: unknown, deadline: Deadline): unknown {
  if (error instanceof ApiError || error instanceof ApiUnreachable) return error;
  if (deadline.signal.aborted && !deadline.expired) return deadline.signal.reason;
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  const why = deadline.expired ? 'no answer in time' : (code ?? name ?? 'unknown failure');
  const failedAt = deadline.expired ? 'timeout' : stageOf(error);
  return new ApiUnreachable(`${method} ${path.replace(/\?.*/, '')}: ${why}.`, failedAt, error);
}

function stageOf(error: unknown): UnreachableCause {
  if (error instanceof KubeconfigError) return 'kubeconfig';
  if (error instanceof CredentialsError) return 'credentials';
  // What JSON.parse throws has the class of another realm where tests run.
  return error instanceof AnswerTooLong || (error as Error).name === 'SyntaxError' ? 'answer' : 'connection';
}
