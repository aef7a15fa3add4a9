import { request as open, type ClientRequest, type IncomingMessage } from 'node:http';
import { type Clock, systemClock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import { boundedText } from '@pawl/shared/modelversion/bounded-text';

/** What is asked of a pod, and how much of its answer is taken. */
export interface PodRequest {
  readonly path: string;
  /** With it the request is a POST of an image. */
  readonly image?: Uint8Array | undefined;
  /** Longest answer, in bytes. */
  readonly maxBytes: number;
  /** Milliseconds until the end of the answer, not only its beginning; without it `signal` alone ends the request. */
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
  /** The machine's by default. */
  readonly clock?: Clock | undefined;
}

/** What a pod answered; any status but a redirect. */
export interface PodAnswer {
  readonly status: number;
  readonly text: string;
}

/** What became of a request that got no usable answer. `unreachable`, `timeout` and `cut-off` happen to pods that start or end. */
export type PodFailure = 'unreachable' | 'timeout' | 'cut-off' | 'not-http' | 'redirect' | 'too-large' | 'encoded';

/** A pod gave no usable answer; the message says what it did and goes on after its name. */
export class PodRequestError extends Error {
  override readonly name = 'PodRequestError';
  readonly kind: PodFailure;

  constructor(kind: PodFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Longest part of a message that the pod wrote. */
const LONGEST_WORDS = 200;
const FIRST_BYTES = 64 * 1024;

/**
 * Asks a pod, and trusts nothing that it sends: no redirect is followed (it would lead the controller to any address that it can
 * reach), nothing is unpacked, and reading ends at `maxBytes` and at the time limit. Each request has a connection of its own:
 * one that is kept may be closed by the pod in the moment it is used again.
 * @param address `host:port`.
 * @throws PodRequestError, and the signal's reason.
 */
export async function askPod(address: string, request: PodRequest): Promise<PodAnswer> {
  const { path, maxBytes, timeoutMs, signal, clock = systemClock } = request;
  signal.throwIfAborted();
  let hasBegun = false;
  const tooLate = () =>
    new PodRequestError(
      'timeout',
      `${hasBegun ? 'the answer of' : 'no answer of'} ${path} ${hasBegun ? 'did not end' : 'came'} within ${(timeoutMs ?? 0) / 1000} s`,
    );
  const deadline =
    timeoutMs === undefined ? undefined : startDeadline(clock, { ms: timeoutMs, reason: tooLate }, signal);
  const ending = deadline?.signal ?? signal;
  const outgoing = open(`http://${address}${path}`, {
    method: request.image === undefined ? 'GET' : 'POST',
    headers: {
      'accept-encoding': 'identity',
      // The service detects formats by content; the type only keeps it from reading the body as a form.
      ...(request.image !== undefined && { 'content-type': 'image/jpeg' }),
    },
    signal: ending,
    agent: false,
  });
  try {
    const response = await answerOf(outgoing, request.image);
    hasBegun = true;
    refuseRedirect(path, response);
    refuseEncoding(path, response);
    const text = await textOf(path, response, maxBytes);
    // A body without a length ends with its connection, whoever closed that.
    ending.throwIfAborted();
    return { status: response.statusCode ?? 0, text };
  } catch (error) {
    if (ending.aborted) throw ending.reason;
    throw error instanceof PodRequestError ? error : connectionError(path, error, hasBegun);
  } finally {
    deadline?.done();
    outgoing.destroy();
  }
}

function answerOf(outgoing: ClientRequest, body: Uint8Array | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays for the errors after an answer, which its reader gets too.
    outgoing.on('error', reject);
    outgoing.once('response', resolve);
    // Another protocol (101), or a connection that ends without a word.
    outgoing.once('close', () => {
      reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
    outgoing.end(body);
  });
}

function refuseRedirect(path: string, { statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode < 300 || statusCode >= 400) return;
  const to = headers.location === undefined ? '' : ` to ${boundedText(headers.location, LONGEST_WORDS)}`;
  throw new PodRequestError('redirect', `${path} redirects (${statusCode})${to}, and no redirect of a pod is followed`);
}

function refuseEncoding(path: string, { headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? '';
  if (encoding === '' || encoding.toLowerCase() === 'identity') return;
  const words = boundedText(encoding, LONGEST_WORDS);
  throw new PodRequestError('encoded', `${path} answers in the content-encoding ${words}; it was asked for identity`);
}

/** The body as UTF-8. Copies what comes, so that a body in tiny chunks takes no more memory than one in large ones. */
async function textOf(path: string, response: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = () =>
    new PodRequestError('too-large', `${path} answers with more than ${maxBytes} bytes, and was read no further`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  let kept = Buffer.alloc(Math.min(FIRST_BYTES, maxBytes));
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const end = bytes + chunk.length;
    if (end > maxBytes) throw tooLarge();
    if (end > kept.length) kept = Buffer.concat([kept], Math.min(2 * end, maxBytes));
    chunk.copy(kept, bytes);
    bytes = end;
  }
  return kept.toString('utf8', 0, bytes);
}

function connectionError(path: string, error: unknown, hasBegun: boolean): PodRequestError {
  const { code = 'unknown failure' } = error as { readonly code?: string };
  const options = { cause: error };
  if (code.startsWith('HPE_'))
    return new PodRequestError('not-http', `${path} answers with something that is no HTTP (${code})`, options);
  if (hasBegun) return new PodRequestError('cut-off', `the answer of ${path} was cut off (${code})`, options);
  if (code === 'ECONNREFUSED') return new PodRequestError('unreachable', `it refuses connections (${code})`, options);
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return new PodRequestError('cut-off', `it closed the connection without an answer of ${path} (${code})`, options);
  return new PodRequestError('unreachable', `it cannot be reached (${code})`, options);
}
