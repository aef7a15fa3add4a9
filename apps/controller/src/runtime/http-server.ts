import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export interface HttpServerOptions {
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>;
  readonly logger: Logger;
  /**
   * A problem that only a restart solves, such as a worker that never comes back; undefined: none. An answer also shows
   * that the event loop turns.
   */
  readonly alive?: (() => string | undefined) | undefined;
  /** What is missing before this process can do its work, such as a first list; undefined: nothing. Not leadership. */
  readonly ready: () => string | undefined;
  /** Answers other paths, given without their query; undefined: there is nothing. */
  readonly other?: ((path: string) => HttpReply | undefined) | undefined;
}

/** An answer to GET; HEAD is answered without the body. */
export interface HttpReply {
  readonly status: number;
  /** Media type. */
  readonly type: string;
  readonly body: string;
}

const plain = (status: number, body: string): HttpReply => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});
const verdict = (problem: string | undefined): HttpReply =>
  problem === undefined ? plain(200, 'ok') : plain(503, problem);

/** `/metrics`, `/livez`, `/readyz`, and what the program adds. Read-only: it takes GET and HEAD. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        options.logger.warn({ err: error }, 'An answer could not be sent.');
        response.destroy();
      });
    });
  }

  /** @returns the port, which the system chooses when `port` is 0. */
  listen(port: number, host?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections and resolves when the answers under way are sent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: HttpReply;
    try {
      answer = await this.#answer(request);
    } catch (error) {
      this.#options.logger.error({ err: error }, 'A probe or scrape failed.');
      answer = plain(500, 'failed, see the log');
    }
    response.writeHead(answer.status, { 'content-type': answer.type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  async #answer({ method, url = '/' }: IncomingMessage): Promise<HttpReply> {
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'method not allowed');
    const { metrics, alive, ready, other } = this.#options;
    const path = url.replace(/\?.*/, '');
    switch (path) {
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.text() };
      case '/livez':
        return verdict(alive?.());
      case '/readyz':
        return verdict(ready());
      default:
        return other?.(path) ?? plain(404, 'not found');
    }
  }
}
