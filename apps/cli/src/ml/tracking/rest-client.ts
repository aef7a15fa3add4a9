import { maskUri } from '@pawl/shared/errors/mask-uri';
import { withinMs } from '@pawl/shared/concurrency/deadline';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { ServerSettings } from './tracking-settings.ts';

/** Milliseconds for the whole of one small call. */
const CALL_TIMEOUT_MS = 20_000;
/** Slowest upload that is waited for, bytes a millisecond. */
const SLOWEST_UPLOAD = 50;
/** Characters of a server's explanation that are shown. */
const MAX_EXPLANATION = 300;

/** A failure that may pass: connection, timeout, 408, 429, 5xx. */
export class Unreachable extends CliError {
  /** Milliseconds that the server asks us to wait; undefined when it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(url: string, problem: string, retryAfterMs?: number, cause?: unknown) {
    super(
      'TRACKING_UNREACHABLE',
      `The tracking server ${url} cannot be used now: ${problem}.`,
      'Start it, or fix MLFLOW_TRACKING_URI; "pawl runs push" sends what is kept.',
      cause,
    );
    this.retryAfterMs = retryAfterMs;
  }
}

/** A server's no. `status` is the HTTP status, `errorCode` MLflow's own, such as RESOURCE_DOES_NOT_EXIST. */
export class Refused extends CliError {
  readonly status: number;
  readonly errorCode: string;

  constructor(url: string, status: number, errorCode: string, explanation: string) {
    super('TRACKING_REFUSED', `The tracking server ${url} refuses (HTTP ${status}): ${explanation}`, hintOf(status));
    this.status = status;
    this.errorCode = errorCode;
  }
}

function hintOf(status: number): string {
  if (status === 401 || status === 403)
    return 'Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, to what the server expects; behind another name, start it with --allowed-hosts.';
  if (status === 404 || status === 405 || (status >= 300 && status < 400))
    return 'Set MLFLOW_TRACKING_URI to the address that "mlflow server" prints, with the prefix of a proxy if there is one.';
  return 'Fix what it says; the run is kept locally, and "pawl runs push" sends it.';
}

export type Json = Readonly<Record<string, unknown>>;

/** Calls MLflow's REST API (mlflow.org/docs, "REST API", 2.0). Tries once: who calls knows what may be repeated. */
export class RestClient {
  readonly url: string;
  readonly #authorization: string | undefined;
  readonly #context: Pick<Context, 'signal'>;

  /** @param context its signal, as it is at the time, ends every call. */
  constructor(settings: ServerSettings, context: Pick<Context, 'signal'>) {
    this.url = settings.url;
    this.#authorization = settings.authorization;
    this.#context = context;
  }

  /** @throws Unreachable, Refused; the signal's reason. */
  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<Json> {
    const parameters = new URLSearchParams(query).toString();
    return await this.#json('GET', `${path}${parameters === '' ? '' : `?${parameters}`}`);
  }

  /** @throws Unreachable, Refused; the signal's reason. */
  async send(method: 'POST' | 'PATCH', path: string, body: Json): Promise<Json> {
    return await this.#json(method, path, JSON.stringify(body));
  }

  /**
   * Uploads a file to the server's artifact proxy.
   *
   * @param file its bytes are read as they are sent.
   * @param root of another server's proxy; default: this server.
   */
  async upload(path: string, file: Blob, root: string = this.url): Promise<void> {
    const timeout = CALL_TIMEOUT_MS + Math.ceil(file.size / SLOWEST_UPLOAD);
    const url = `${root}/api/2.0/mlflow-artifacts/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await this.#fetch('PUT', url, timeout, headers, file);
    await response.body?.cancel();
  }

  async #json(method: string, path: string, body?: string): Promise<Json> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await this.#fetch(method, `${this.url}/api/2.0/mlflow/${path}`, CALL_TIMEOUT_MS, headers, body);
    const text = await response.text().catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    const data = parseObject(text);
    if (data === undefined) throw new Refused(this.url, 404, '', 'the answer is not that of an MLflow server.');
    return data;
  }

  async #fetch(
    method: string,
    url: string,
    timeoutMs: number,
    headers: Readonly<Record<string, string>>,
    body?: string | Blob,
  ): Promise<Response> {
    this.#context.signal.throwIfAborted();
    const signal = withinMs(timeoutMs, this.#context.signal);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          ...headers,
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        },
        ...(body === undefined ? {} : { body }),
        redirect: 'manual',
        signal,
      });
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    if (response.ok) return response;
    throw await this.#errorOf(response);
  }

  async #errorOf(response: Response): Promise<CliError> {
    const { status } = response;
    const text = await response.text().catch(() => '');
    const data = parseObject(text);
    const explanation = plainStart(typeof data?.['message'] === 'string' ? data['message'] : text);
    if (status === 408 || status === 429 || status >= 500) {
      const seconds = Number(response.headers.get('retry-after') ?? NaN);
      const said = explanation === '' ? '' : `, ${explanation}`;
      return new Unreachable(this.url, `HTTP ${status}${said}`, Number.isFinite(seconds) ? seconds * 1000 : undefined);
    }
    const errorCode = typeof data?.['error_code'] === 'string' ? data['error_code'] : '';
    const location = response.headers.get('location');
    const problem = status < 400 && location !== null ? `it redirects to ${maskUri(location)}.` : explanation;
    return new Refused(this.url, status, errorCode, problem === '' ? 'no reason given.' : problem);
  }

  #unreachable(cause: unknown): unknown {
    if (this.#context.signal.aborted) return this.#context.signal.reason;
    const { name, message, cause: inner } = cause as Error;
    const code = (inner as NodeJS.ErrnoException | undefined)?.code;
    const problem = name === 'TimeoutError' ? 'it does not answer in time' : (code ?? message);
    return new Unreachable(this.url, problem, undefined, cause);
  }
}

function parseObject(text: string): Json | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** A server's words, without markup, short. */
function plainStart(text: string): string {
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > MAX_EXPLANATION ? `${plain.slice(0, MAX_EXPLANATION)}...` : plain;
}
