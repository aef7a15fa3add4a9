import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { serveFile } from './file-server.ts';

/** How a test's registry wants to be asked. */
export interface RegistryAuth {
  readonly scheme: 'none' | 'basic' | 'bearer';
  readonly username?: string;
  readonly password?: string;
}

/**
 * A registry in memory by the OCI distribution spec, for its answers that a real one gives only when set up for them.
 */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** `METHOD path` of every request. */
  readonly requests: string[];
  /** Blobs and manifests by path below /v2/; spoil them to test. */
  readonly contents: Map<string, { readonly type: string; bytes: Buffer }>;
  /** Answers instead of the registry, where it gives an answer to `METHOD path`; none by default. */
  interrupt: ((request: string) => { readonly status: number; readonly body: string } | undefined) | undefined;
  close(): Promise<void>;
}

/** Starts one on a loopback port, plain HTTP. */
export async function startRegistry(auth: RegistryAuth = { scheme: 'none' }): Promise<TestRegistry> {
  const contents: TestRegistry['contents'] = new Map();
  const requests: string[] = [];
  const basic = `Basic ${Buffer.from(`${auth.username ?? ''}:${auth.password ?? ''}`).toString('base64')}`;
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${host}`);
    requests.push(`${request.method ?? ''} ${url.pathname}`);
    if (url.pathname === '/token') {
      const granted = request.headers.authorization === basic || auth.username === undefined;
      const token = `token for ${url.searchParams.get('scope') ?? ''} of ${url.searchParams.get('service') ?? ''}`;
      response.writeHead(granted ? 200 : 401).end(granted ? JSON.stringify({ token }) : '');
      return;
    }
    const repository = url.pathname.replace(/^\/v2\//, '').replace(/\/(blobs|manifests)\/.*$/, '');
    const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'pull,push';
    const scope = `repository:${repository}:${action}`;
    const wanted = {
      none: undefined,
      basic: /^Basic /.test(request.headers.authorization ?? '') ? basic : 'Basic',
      bearer: `Bearer token for ${scope} of test`,
    }[auth.scheme];
    const given = request.headers.authorization;
    // A token for pushing allows pulling.
    if (wanted !== undefined && given !== wanted && given !== wanted.replace(':pull ', ':pull,push ')) {
      const challenge =
        auth.scheme === 'basic'
          ? 'Basic realm="test"'
          : `Bearer realm="http://${host}/token",service="test",scope="${scope}"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    const other = registry.interrupt?.(requests.at(-1) ?? '');
    if (other !== undefined) {
      await buffer(request);
      response.writeHead(other.status).end(other.body);
      return;
    }
    await answer(request, response, url);
  }

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.slice('/v2/'.length);
    if (request.method === 'POST') {
      response.writeHead(202, { location: `${url.pathname}upload?state=x` }).end();
    } else if (request.method === 'PUT') {
      const bytes = await buffer(request);
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const type = request.headers['content-type'] ?? '';
      const uploaded = url.searchParams.get('digest');
      if (uploaded !== null && uploaded !== digest) {
        response.writeHead(400).end();
        return;
      }
      if (uploaded !== null) contents.set(path.replace('uploads/upload', digest), { type, bytes });
      else for (const name of [path, path.replace(/[^/]*$/, digest)]) contents.set(name, { type, bytes });
      response.writeHead(201).end();
    } else {
      const found = contents.get(path);
      if (found === undefined) response.writeHead(404).end();
      else {
        response.setHeader('content-type', found.type);
        if (request.method === 'HEAD') response.writeHead(200).end();
        else serveFile(request.headers.range, response, found.bytes);
      }
    }
  }

  const registry: TestRegistry = {
    host,
    requests,
    contents,
    interrupt: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return registry;
}
