import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { KubeConnection } from '../connection.ts';
import { kubeconfigOf, loadKubeconfig } from '../kubeconfig.ts';
import { KubeClient, type KubeClientOptions } from '../client.ts';
import { systemClock } from '../../concurrency/clock.ts';

/** One request that a {@link FakeServer} got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Answers one request: with a status and JSON, or as it likes. */
export type ScriptedAnswer =
  | { readonly status: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | ((response: ServerResponse) => void);

/** A Status object as the API server sends it; kube-client.cluster.spec.ts compares it with the real one's. */
export const status = (code: number, reason: string, message: string, details?: { readonly name?: string }) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  ...(details !== undefined && { details }),
  code,
});

/** An HTTP server that gives prepared answers, in order, and keeps what it was asked. */
export class FakeServer {
  readonly received: Received[] = [];
  readonly answers: ScriptedAnswer[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url!, 'http://fake');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { method = '', headers } = request;
    this.received.push({ method, path: url.pathname, query: url.searchParams, headers, body });
    const answer = this.answers.shift() ?? { status: 500, json: status(500, '', 'no answer was prepared') };
    if (typeof answer === 'function') {
      answer(response);
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.json));
  }
}

/** A client of a plain HTTP server, with a token that must never be seen. */
export function clientOf(server: string, options: KubeClientOptions = {}, token = (): string => 'very-secret-token') {
  const load = () => {
    const config = new KubeConfig();
    const cluster = { name: 'fake', server, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: 'user', token: token() });
    return kubeconfigOf(config);
  };
  return new KubeClient(new KubeConnection(load, options.clock ?? systemClock, 'pawl-test'), options);
}

/** A TCP proxy whose connections can be cut, refused or frozen. TLS passes through it untouched. */
export class FaultyProxy {
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  readonly #target: URL;
  #refusing = false;
  #frozen = false;
  connections = 0;
  readonly #server = createTcpServer((near) => {
    if (this.#refusing) {
      near.destroy();
      return;
    }
    this.connections += 1;
    const far = connect(Number(this.#target.port), this.#target.hostname);
    const pair = { near, far };
    this.#pairs.add(pair);
    const end = (): void => {
      near.destroy();
      far.destroy();
      this.#pairs.delete(pair);
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    if (this.#frozen) {
      near.resume();
      return;
    }
    near.pipe(far);
    far.pipe(near);
  });

  constructor(target: string) {
    this.#target = new URL(target);
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `${this.#target.protocol}//127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets every connection. */
  cut(): void {
    for (const { near } of this.#pairs) near.resetAndDestroy();
  }

  /** From now on new connections are closed at once, or not. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** From now on nothing is carried, though connections stay open and new ones are accepted. */
  freeze(): void {
    this.#frozen = true;
    for (const { near, far } of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
    }
  }

  /** New connections work again; those that were frozen never will. */
  thaw(): void {
    this.#frozen = false;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }
}

/** The address in a kubeconfig. */
export const serverOf = (kubeconfig: string): string => loadKubeconfig({ path: kubeconfig }).server;

/** A client with a kubeconfig's credentials and another address. */
export function clientVia(kubeconfig: string, server: string, options: KubeClientOptions = {}): KubeClient {
  const load = () => ({ ...loadKubeconfig({ path: kubeconfig }), server });
  return new KubeClient(new KubeConnection(load, options.clock ?? systemClock, 'pawl-test'), options);
}
