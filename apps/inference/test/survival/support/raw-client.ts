import { connect, type Socket } from 'node:net';

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** More than an answer, or the end of a connection, takes on the busiest machine, ms. */
const PATIENCE_MS = 90_000;

/** How a connection ended: by an orderly close of the other side, by a reset, or not within the time given. */
export type Ending = 'closed' | 'reset' | 'open';

/**
 * An HTTP client that does what it is told to: it writes bytes as they are and reads answers one after another. A client
 * library would repair or refuse most of what a test of a server has to send.
 */
export class RawClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ending: Ending = 'open';
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('end', () => {
      if (this.#ending === 'open') this.#ending = 'closed';
      this.#wake();
    });
    // A write that the other side no longer takes (EPIPE) is the same event, seen from the other direction.
    socket.on('error', () => {
      this.#ending = 'reset';
      this.#wake();
    });
  }

  /** Connects to the host and port of an http: address. */
  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** Sends bytes; resolves when the kernel has taken them, or the connection is gone. */
  async send(...parts: (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      if (this.#socket.destroyed) return;
      const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
      await new Promise<void>((resolve) => {
        this.#socket.write(bytes, () => {
          resolve();
        });
      });
    }
  }

  /** Says that nothing more will be sent, and goes on reading. */
  finishSending(): void {
    this.#socket.end();
  }

  /** Goes away without a word: an orderly close, or a reset. */
  hangUp(how: 'close' | 'reset' = 'close'): void {
    if (how === 'reset') this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /**
   * The next answer.
   * @param withoutBody for the answer to a HEAD request, whose Content-Length announces nothing.
   * @throws Error when the connection ends, or nothing whole arrives in time.
   */
  async answer(withoutBody = false, timeoutMs = PATIENCE_MS): Promise<RawAnswer> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const parsed = parseAnswer(this.#received, withoutBody);
      if (parsed !== undefined) {
        this.#received = this.#received.subarray(parsed.length);
        return parsed.answer;
      }
      const left = deadline - performance.now();
      if (this.#ending !== 'open' || left <= 0)
        throw new Error(`no answer: connection ${this.#ending}, received ${JSON.stringify(this.#received.toString())}`);
      await this.#change(left);
    }
  }

  /** How the connection ends, waited for at most this long. */
  async ending(timeoutMs = PATIENCE_MS): Promise<Ending> {
    const deadline = performance.now() + timeoutMs;
    while (this.#ending === 'open' && performance.now() < deadline) await this.#change(deadline - performance.now());
    return this.#ending;
  }

  #wake(): void {
    this.#waiting.forEach((wake) => {
      wake();
    });
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }
}

/** The first whole answer in the bytes and how many they are; undefined while it is not whole. */
function parseAnswer(bytes: Buffer, withoutBody: boolean): { answer: RawAnswer; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  const start = end + 4;
  const announced = withoutBody ? 0 : Number(headers['content-length'] ?? 0);
  if (bytes.length < start + announced) return undefined;
  const body = bytes.subarray(start, start + announced).toString();
  return { answer: { status, headers, body }, length: start + announced };
}

/** Request line and headers, ended by an empty line; `Host` is added. */
export function head(requestLine: string, headers: readonly string[] = []): string {
  return [`${requestLine} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}

/** The code of an error body; the body itself when it is no error of the service. */
export function codeOf({ body }: { readonly body: string }): string {
  try {
    const { error } = JSON.parse(body) as { error?: { code: string } };
    return error?.code ?? body;
  } catch {
    return body;
  }
}

export const BOUNDARY = 'boundary-of-a-test';
export const MULTIPART = `Content-Type: multipart/form-data; boundary=${BOUNDARY}`;

/** One part of a multipart body, without the boundary that ends the body. */
export function part(content: Uint8Array, disposition = 'form-data; name="file"; filename="pet.jpg"'): Buffer {
  return Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\nContent-Type: image/jpeg\r\n\r\n`, 'latin1'),
    content,
    Buffer.from('\r\n'),
  ]);
}

/** A whole multipart body. */
export const multipart = (...parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);

/** A whole POST with a body of known length. */
export function post(path: string, type: string, body: Uint8Array, headers: readonly string[] = []): Buffer {
  const lines = [...(type === '' ? [] : [type]), `Content-Length: ${body.byteLength}`, ...headers];
  return Buffer.concat([Buffer.from(head(`POST ${path}`, lines)), body]);
}
