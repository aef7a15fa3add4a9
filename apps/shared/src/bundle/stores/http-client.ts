import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PawlError } from '../../errors/pawl-error.ts';
import { displayUrl, mayUsePlainHttp } from './address.ts';
import { proxyAgent } from './proxy.ts';
import { unreachable } from './store.ts';

/** A request over HTTP/1.1. */
export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes or a stream; a stream needs a content-length header. */
  readonly body?: Uint8Array | Readable | undefined;
  readonly signal: AbortSignal;
  /** Whether hosts other than this machine may be spoken to in plain HTTP. */
  readonly allowHttp: boolean;
  /** Throws where a redirect must not be followed, beside what holds for every one. */
  readonly requireRedirect?: ((to: URL) => void) | undefined;
}

/** An answer; read or destroy its stream. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly stream: IncomingMessage;
  /** Where redirects ended. */
  readonly url: URL;
}

const MAX_REDIRECTS = 5;

/** Headers that belong to one origin and are not handed to another. */
const ownedByOrigin = ['authorization', 'cookie', 'proxy-authorization'];

/**
 * Sends a request on node's own client (no further dependency to load before the service is ready; CAs are node's, see
 * NODE_EXTRA_CA_CERTS), through the {@link proxyAgent} of the environment, and follows redirects of GET and HEAD: at most five, never
 * from https to http, and without credentials to another origin. Any status is an answer, not an error.
 *
 * @throws PawlError BUNDLE_STORE_UNREACHABLE, BUNDLE_STORE_UNTRUSTED, BUNDLE_STORE_REFUSED (redirect); what
 * `requireRedirect` throws; the signal's reason.
 */
export async function httpRequest(request: HttpRequest): Promise<HttpResponse> {
  let { url, headers = {} } = request;
  const method = request.method ?? 'GET';
  for (let hops = 0; ; hops += 1) {
    const stream = await send({ ...request, method, url, headers });
    const status = stream.statusCode ?? 0;
    const location = stream.headers.location;
    if (![301, 302, 303, 307, 308].includes(status) || (method !== 'GET' && method !== 'HEAD'))
      return { status, headers: stream.headers, stream, url };
    stream.destroy();
    const next = redirectTarget(url, location, request.allowHttp);
    if (hops === MAX_REDIRECTS) throw refused(url, `redirects more than ${MAX_REDIRECTS} times`);
    request.requireRedirect?.(next);
    if (next.origin !== url.origin) headers = without(headers, ownedByOrigin);
    url = next;
  }
}

/**
 * Pure: where a redirect leads, if it may be followed.
 *
 * @throws PawlError BUNDLE_STORE_REFUSED.
 */
function redirectTarget(from: URL, location: string | undefined, allowHttp: boolean): URL {
  if (location === undefined || !URL.canParse(location, from.href))
    throw refused(from, 'redirects to no usable address');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refused(from, `redirects to ${to.protocol}`);
  if (to.protocol === 'http:' && (from.protocol === 'https:' || !mayUsePlainHttp(to, allowHttp)))
    throw refused(from, `redirects to plain HTTP at ${to.host}`);
  // User information in a redirect would be sent as credentials that nobody configured.
  to.username = '';
  to.password = '';
  to.hash = '';
  return to;
}

/**
 * Reads a small answer whole.
 *
 * @throws PawlError BUNDLE_STORE_REFUSED above `maxBytes`, BUNDLE_STORE_UNREACHABLE.
 */
export async function readBody(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw refused(response.url, `answers with more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof PawlError ? error : unreachable(displayUrl(response.url), error);
  }
  return Buffer.concat(chunks, size);
}

/** `Authorization` of HTTP basic authentication (RFC 7617). */
export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

async function send(request: HttpRequest): Promise<IncomingMessage> {
  const { url, signal, body } = request;
  signal.throwIfAborted();
  const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const options: RequestOptions = {
    method: request.method ?? 'GET',
    // The bytes are wanted as they are stored: a compressing proxy would break sizes and ranges.
    headers: { 'accept-encoding': 'identity', 'user-agent': 'pawl', ...request.headers },
    signal,
    agent: await proxyAgent(url),
  };
  return await new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : error instanceof PawlError
            ? error
            : unreachable(displayUrl(url), error),
      );
    };
    const outgoing = open(url, options, resolve);
    outgoing.on('error', fail);
    if (body === undefined) outgoing.end();
    else if (ArrayBuffer.isView(body)) outgoing.end(body);
    else pipeline(body, outgoing).catch(fail);
  });
}

function without(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())));
}

const refused = (url: URL, problem: string) =>
  new PawlError('BUNDLE_STORE_REFUSED', { message: `${displayUrl(url)} ${problem}` });
