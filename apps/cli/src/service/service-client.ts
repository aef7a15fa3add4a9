import { withinMs } from '@pawl/shared/concurrency/deadline';
import { z } from 'zod';
import { CliError } from '../errors/cli-error.ts';
import { networkProblem } from '../errors/network.ts';

/** An answer about one picture, as far as it is used here. */
const answerSchema = z.looseObject({
  label: z.string(),
  confidence: z.number().min(0).max(1),
  abstained: z.boolean().optional(),
  model_version: z.string().optional(),
  model_digest: z.string().optional(),
});

/** Pawl's codes are words in capitals: what else stands there is nobody's code, and would be printed as one. */
const errorSchema = z.looseObject({
  error: z.looseObject({ code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/), message: z.string() }),
});

const healthSchema = z.looseObject({ status: z.string(), model_loaded: z.boolean() });

/** What `/predict` said. */
export interface ServiceAnswer {
  readonly label: string;
  /** 0..1. */
  readonly confidence: number;
  /** Of models that can abstain. */
  readonly abstained?: boolean;
  readonly modelVersion?: string;
  readonly modelDigest?: string;
  /** The labels that it gave a probability to. */
  readonly labels: readonly string[];
}

/** Why there is no answer, in the words of whoever refused. */
export interface ServiceFailure {
  /** HTTP status; undefined where no answer came at all. */
  readonly status: number | undefined;
  /** Pawl's error code, or what stands for it: UNREACHABLE, TIMEOUT, TLS, REDIRECT, NOT_PAWL, HTTP_<status>. */
  readonly code: string;
  /** One clause. */
  readonly message: string;
  /** Milliseconds that the service asked us to wait; undefined where it did not. */
  readonly retryAfterMs?: number;
}

/** What became of one request. */
export type Reply<T> =
  | { readonly ok: true; readonly value: T; readonly latencyMs: number }
  | { readonly ok: false; readonly failure: ServiceFailure; readonly latencyMs: number };

/** Longest text of an answer that is read, bytes: an answer of a thousand labels has 40 kB. */
const MOST_BYTES = 1_000_000;
/** Longest explanation that is shown. */
const MOST_WORDS = 200;

/**
 * A running inference service, as whoever sends it photographs sees it. Never retries and throws for nothing that a service
 * can do: how often and how long to try is its caller's to say.
 */
export class ServiceClient {
  /** Without query, with a slash at the end. */
  readonly url: string;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;

  /**
   * @param url http or https, of the service's root; a path is kept as a proxy's prefix.
   * @param timeoutMs for each request, from its first byte to the answer's last.
   * @param signal ends every request.
   * @throws CliError USAGE.
   */
  constructor(url: string, timeoutMs: number, signal: AbortSignal) {
    this.url = parseServiceUrl(url);
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /** `GET /health`. */
  async health(): Promise<Reply<{ readonly modelLoaded: boolean }>> {
    return await this.#ask('health', {}, (body) => {
      const health = healthSchema.safeParse(body);
      return health.success ? { modelLoaded: health.data.model_loaded } : undefined;
    });
  }

  /** `POST /predict` with the photograph as the multipart field `file`. */
  async predict(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Reply<ServiceAnswer>> {
    const body = new FormData();
    body.append('file', new Blob([bytes]), name);
    return await this.#ask('predict', { method: 'POST', body }, toAnswer);
  }

  /** @throws the signal's reason, nothing else. */
  async #ask<T>(path: string, options: RequestInit, read: (body: unknown) => T | undefined): Promise<Reply<T>> {
    this.#signal.throwIfAborted();
    const begin = performance.now();
    const over = () => performance.now() - begin;
    try {
      const response = await fetch(this.url + path, {
        ...options,
        headers: { accept: 'application/json' },
        redirect: 'manual',
        signal: withinMs(this.#timeoutMs, this.#signal),
      });
      const text = await readText(response);
      const latencyMs = over();
      if (response.ok) {
        const value = read(parse(text));
        if (value !== undefined) return { ok: true, value, latencyMs };
      }
      return { ok: false, failure: describeFailure(`/${path}`, response, text), latencyMs };
    } catch (error) {
      this.#signal.throwIfAborted();
      const { kind, words } = networkProblem(error);
      const codes = { timeout: 'TIMEOUT', tls: 'TLS', connection: 'UNREACHABLE' } as const;
      const message = kind === 'timeout' ? `no answer within ${this.#timeoutMs / 1000} s` : words;
      return { ok: false, failure: { status: undefined, code: codes[kind], message }, latencyMs: over() };
    }
  }
}

/** @throws CliError USAGE. */
export function parseServiceUrl(text: string): string {
  const hint = 'Give the address of the service, such as http://localhost:8000.';
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new CliError('USAGE', `"${text}" is not a URL; expected http:// or https:// and a host.`, hint, cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new CliError('USAGE', `"${text}" does not begin with http:// or https://.`, hint);
  if (url.username !== '' || url.password !== '')
    throw new CliError('USAGE', 'The URL holds a user name or password, which would end up in logs.', hint);
  return `${url.origin}${url.pathname.replace(/\/*$/, '')}/`;
}

function toAnswer(body: unknown): ServiceAnswer | undefined {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { label, confidence, abstained, model_version, model_digest, ...rest } = parsed.data;
  const labels = Object.entries(rest)
    .filter(([key, value]) => key.endsWith('_probability') && typeof value === 'number')
    .map(([key]) => key.slice(0, -'_probability'.length));
  return {
    label,
    confidence,
    labels,
    ...(abstained !== undefined && { abstained }),
    ...(model_version !== undefined && { modelVersion: model_version }),
    ...(model_digest !== undefined && { modelDigest: model_digest }),
  };
}

/** What an answer that cannot be used says. */
function describeFailure(path: string, response: Response, text: string): ServiceFailure {
  const { status, headers } = response;
  const failure = (code: string, message: string): ServiceFailure => {
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), headers.get('date'));
    return { status, code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  };
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null)
    return failure('REDIRECT', `${path} redirects to ${location.split('?')[0] ?? ''}`);
  const error = errorSchema.safeParse(parse(text));
  if (error.success) return failure(error.data.error.code, error.data.error.message);
  const kind = headers.get('content-type')?.split(';')[0] ?? 'no content type';
  const page = /<html|<!doctype/i.test(text.slice(0, 1000));
  if (response.ok || page)
    return failure('NOT_PAWL', `${path} answered ${page ? 'a web page' : kind} with HTTP ${status}, not Pawl's JSON`);
  return failure(`HTTP_${status}`, `${path} answered HTTP ${status} ${text.trim().slice(0, MOST_WORDS)}`.trim());
}

/** Milliseconds of a `Retry-After` header, which is a number of seconds or a date (RFC 9110, 10.2.3). */
export function parseRetryAfter(header: string | null, date: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  // Against the service's own clock where it gives one: ours may be wrong.
  const wait = Date.parse(header) - (date === null ? Date.now() : Date.parse(date));
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** At most {@link MOST_BYTES} of a body: what answers in place of the service may never end. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}
