import { createServer, type IncomingMessage } from 'node:http';
import { freePort } from './free-port.ts';

/** A proxy that is closed by `await using`. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
}

/** Ports of proxies by target: the same target has the same address each time, as a real server would. */
const ports = new Map<string, number>();

/**
 * Passes requests on to `target` until the `nth`: that one is carried out, its answer is lost, and `onCut` is called. Later
 * ones are refused.
 */
export async function cuttingProxy(target: string, nth: number, onCut: () => void): Promise<Proxy> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    const isCut = count >= nth;
    if (count > nth) {
      request.socket.destroy();
      return;
    }
    void forward(target, request).then(
      async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer());
        if (isCut) {
          onCut();
          request.socket.destroy();
          return;
        }
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
        response.end(body);
      },
      () => request.socket.destroy(),
    );
  });
  const known = ports.get(target) ?? (await freePort());
  ports.set(target, known);
  await new Promise<void>((resolve) => server.listen(known, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${known}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function forward(target: string, request: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return await fetch(`${target}${request.url ?? '/'}`, {
    method: request.method ?? 'GET',
    headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
    ...(body.length === 0 ? {} : { body }),
  });
}
