import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request is answered with; a string is a web page. */
export type CannedAnswer = readonly [status: number, body: object | string, headers?: Record<string, string>];

/** The bodies of a service that is well. */
export const healthy = { status: 'ok', model_loaded: true };
export const aCat = {
  label: 'cat',
  confidence: 0.9,
  cat_probability: 0.9,
  dog_probability: 0.1,
  model_version: '1.0.0',
};

/** A service that answers what a test tells it to. */
export class FakeService {
  #server: Server = createServer();
  /** Paths of the requests so far. */
  asked: string[] = [];

  /** @param answer gets the path, and how often it was asked by now, from 1; undefined: no answer ever. */
  async serve(answer: (path: string, count: number) => CannedAnswer | undefined): Promise<string> {
    this.close();
    this.asked = [];
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      request.resume().on('end', () => {
        this.asked.push(path);
        const given = answer(path, this.timesAsked(path));
        if (given === undefined) return;
        const [status, body, headers] = given;
        const type = typeof body === 'string' ? 'text/html' : 'application/json';
        response.writeHead(status, { 'content-type': type, ...headers });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** One whose `/health` is well. */
  predicting(answer: (count: number) => CannedAnswer | undefined): Promise<string> {
    return this.serve((path, count) => (path === '/health' ? [200, healthy] : answer(count)));
  }

  timesAsked(path: string): number {
    return this.asked.filter((each) => each === path).length;
  }

  /** Cuts every connection and takes no more. */
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
