import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Longest head that `git http-backend` may write before the body, bytes. */
const MAX_HEAD_BYTES = 65_536;

/**
 * Git over smart HTTP (gitprotocol-http(5)): a web server around `git http-backend` for the bare repositories of a folder.
 * Everybody may read and push. It can go away, with every connection, and come back at the same address.
 */
export class GitServer {
  readonly #folder: string;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  readonly #backends = new Set<ChildProcess>();
  #server: Server | undefined;
  #port = 0;
  /** Requests that were answered since the server was made. */
  requests = 0;

  /** @param folder of the repositories. @param host name by which clients reach this machine. */
  constructor(folder: string, host: string) {
    this.#folder = folder;
    this.#host = host;
  }

  /** Listens; again on the port of before, if there was one. @throws Error when the port is taken. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response);
    });
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // Beyond this machine only where somebody beyond it was told to come.
    server.listen(this.#port, this.#host === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Goes away at once: nobody is waited for, connections are reset. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const backend of this.#backends) backend.kill('SIGKILL');
    for (const socket of this.#sockets) socket.resetAndDestroy();
    server.close();
    await once(server, 'close');
  }

  /** Address of a repository; `host` is who asks: by default the name that others use. */
  address(repository: string, host = this.#host): string {
    return `http://${host}:${this.#port}/${repository}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://git');
    const header = (name: string) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : '';
    };
    const backend = spawn('git', ['http-backend'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // CGI's variables (RFC 3875), and those of git-http-backend(1).
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: this.#folder,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        GIT_CONFIG_KEY_1: 'http.receivepack',
        GIT_CONFIG_VALUE_1: 'true',
        GIT_PROTOCOL: header('git-protocol'),
        PATH_INFO: decodeURIComponent(url.pathname),
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: header('content-type'),
        HTTP_CONTENT_ENCODING: header('content-encoding'),
        ...(header('content-length') === '' ? {} : { CONTENT_LENGTH: header('content-length') }),
        REMOTE_ADDR: request.socket.remoteAddress ?? '',
        SERVER_PROTOCOL: 'HTTP/1.1',
      },
    });
    this.#backends.add(backend);
    backend.once('close', () => this.#backends.delete(backend));
    backend.once('error', () => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
    // A client that hangs up, or a backend that has read enough.
    backend.stdin.on('error', () => undefined);
    request.pipe(backend.stdin);
    response.once('close', () => backend.kill());
    this.requests += 1;
    relay(backend.stdout, response);
  }
}

/** Turns what a CGI program writes into an answer: its head becomes the answer's, the rest follows as it comes. */
function relay(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) {
      if (head.length > MAX_HEAD_BYTES) response.writeHead(502).end();
      return;
    }
    output.removeListener('data', onData);
    const { status, headers } = parseHead(head.subarray(0, end).toString('latin1'));
    response.writeHead(status, headers);
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on('data', onData);
  output.once('end', () => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
}

/** The head of a CGI answer (RFC 3875, 6.3); without `Status` it is 200. */
export function parseHead(text: string): { readonly status: number; readonly headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  let status = 200;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  return { status, headers };
}
