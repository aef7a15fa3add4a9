import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a test's server does with one request instead of serving the file; `undefined` serves it. */
export type Fault = (request: IncomingMessage, response: ServerResponse, file: Buffer) => 'handled' | undefined;

/** A web server over a folder, with ranges, that can misbehave. */
export interface FileServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** `METHOD /path range` of every request so far. */
  readonly requests: string[];
  /** Headers of every request so far. */
  readonly headers: IncomingMessage['headers'][];
  close(): Promise<void>;
}

/** Serves a folder on a loopback port. `ranges: false` ignores Range as simple servers do. */
export async function serveFolder(
  folder: string,
  options: { readonly fault?: Fault; readonly ranges?: boolean } = {},
): Promise<FileServer> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname;
    requests.push([request.method, path, request.headers.range].filter(Boolean).join(' '));
    headers.push(request.headers);
    void readFile(join(folder, path)).then(
      (file) => {
        if (options.fault?.(request, response, file) !== 'handled')
          serveFile(options.ranges === false ? undefined : request.headers.range, response, file);
      },
      () => {
        if (options.fault?.(request, response, Buffer.alloc(0)) !== 'handled') response.writeHead(404).end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Answers with a file or with its part from a `bytes=N-` range on. */
export function serveFile(range: string | undefined, response: ServerResponse, file: Buffer): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? -1);
  if (start < 0) {
    response.writeHead(200, { 'content-length': file.length }).end(file);
  } else if (start >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
  } else {
    const contentRange = `bytes ${start}-${file.length - 1}/${file.length}`;
    response
      .writeHead(206, { 'content-length': file.length - start, 'content-range': contentRange })
      .end(file.subarray(start));
  }
}

/** A fault that cuts the connection of the first requests for a path after so many bytes. */
export function cutAfter(path: string, bytes: number, times = 1): Fault {
  let left = times;
  return (request, response, file) => {
    if (!request.url?.endsWith(path) || left === 0) return undefined;
    left -= 1;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = {
      'content-length': file.length - start,
      'content-range': `bytes ${start}-${file.length - 1}/${file.length}`,
    };
    response.writeHead(start > 0 ? 206 : 200, headers);
    response.write(file.subarray(start, start + bytes), () => void moments(20).then(() => response.destroy()));
    return 'handled';
  };
}

/**
 * Turns of the event loop for the client, which shares it, to take bytes up: what it has not read when the connection
 * breaks is lost. Turns and not a time, of which a busy machine may give it nothing.
 */
async function moments(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await sleep(5);
}
